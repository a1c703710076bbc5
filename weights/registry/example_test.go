package registry_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/pastiche-art/pastiche/weights/registry"
)

// Download the VGG-19 of the course, unless it is present, and read it.
func Example() {
	store := registry.FromEnvironment()
	store.Progress = func(e registry.Event) {
		switch e := e.(type) {
		case registry.Waiting:
			fmt.Printf("waiting for another process in %s\n", e.Dir)
		case registry.Fetching:
			fmt.Printf("%d of %d bytes\n", e.Done, e.Total)
		case registry.Failed:
			fmt.Printf("%s: %v\n", e.From, e.Err)
		case registry.Converting:
			fmt.Printf("reading %s\n", e.Path)
		}
	}
	if _, err := store.Pull(context.Background(), "vgg19"); err != nil {
		fmt.Println(err)
		return
	}
	network, err := store.Open("vgg19")
	var damaged *registry.ChecksumError
	switch {
	case errors.As(err, &damaged):
		fmt.Printf("%s is damaged: remove it and pull it again\n", damaged.Place)
	case err != nil:
		fmt.Println(err)
	default:
		fmt.Println(network.Family, network.Input)
	}
}

// The built-in network is present on every machine; the others are listed with what is
// needed to pull them.
func ExampleStore_List() {
	store := registry.FromEnvironment()
	store.Dir = filepath.Join(os.TempDir(), "a folder without networks")
	entries, err := store.List()
	if err != nil {
		log.Fatal(err)
	}
	for _, e := range entries {
		fmt.Println(e.Name, e.Present())
	}
	_, err = store.Open("vgg19")
	fmt.Println(errors.Is(err, registry.ErrAbsent))
	// Output:
	// builtin true
	// vgg19 false
	// vgg19-torchvision false
	// vgg16 false
	// vgg19-slim false
	// true
}
