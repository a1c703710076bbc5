package registry_test

import (
	"context"
	"fmt"

	"github.com/pastiche-art/pastiche/weights/registry"
)

// Pull the note's VGG-19, unless it is there, and read it.
func Example() {
	store := registry.FromEnvironment()
	store.Progress = func(e registry.Event) {
		if f, ok := e.(registry.Fetching); ok {
			fmt.Printf("%d of %d bytes\n", f.Done, f.Total)
		}
	}
	if _, err := store.Pull(context.Background(), "vgg19"); err != nil {
		fmt.Println(err)
		return
	}
	network, err := store.Open("vgg19")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(network.Family, network.Input)
}
