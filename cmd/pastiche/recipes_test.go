package main

import (
	"slices"
	"testing"

	"github.com/pastiche-art/pastiche/paint"
)

// TestRecipesAreListed: 'pastiche recipes' lists the recipes of the library, in its order.
func TestRecipesAreListed(t *testing.T) {
	var names []string
	for _, r := range recipes {
		names = append(names, r.Name)
	}
	if expected := paint.RecipeNames(); !slices.Equal(names, expected) {
		t.Errorf("lists %v, expected %v", names, expected)
	}
}
