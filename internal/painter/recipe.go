package painter

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"strings"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/paint"
)

// RecipeChoice says which recipe is meant and how it is changed.
type RecipeChoice struct {
	Base       *paint.Recipe     // nil is the one of Name
	Name       string            // of a recipe, or its file
	Strength   *paint.Strength   // nil is [paint.Balanced]
	Parameters map[string]string // values of [EverydayParameters] that are given, by [RecipeChoice.Give]
	Settings   []string          // values of --set, NAME=VALUE
}

// EverydayParameters are the parameters of a recipe that have flags of their own, in the
// order in which they are set. The others are set by --set.
var EverydayParameters = []string{"size", "iterations", "content_weight", "style_scale", "faces", "colors", "tileable"}

// ParameterFlag returns the flag of an everyday parameter, without its dashes.
func ParameterFlag(parameter string) string { return strings.ReplaceAll(parameter, "_", "-") }

// Give sets an everyday parameter.
func (c *RecipeChoice) Give(parameter, value string) {
	if c.Parameters == nil {
		c.Parameters = make(map[string]string)
	}
	c.Parameters[parameter] = value
}

// Recipe returns the recipe. It is not validated.
func (c *RecipeChoice) Recipe() (r paint.Recipe, err error) {
	if c.Base != nil {
		r = *c.Base
	} else if r, err = c.named(); err != nil {
		return r, InFlags(err)
	}
	for _, name := range EverydayParameters {
		if value, given := c.Parameters[name]; given {
			if err := r.Set(name, value); err != nil {
				return r, InFlags(err)
			}
		}
	}
	return r, c.Set(&r, nil)
}

// Set sets the parameters of Settings. allowed, unless nil, returns why a parameter may
// not be set.
func (c *RecipeChoice) Set(r *paint.Recipe, allowed func(name string) error) error {
	for _, setting := range c.Settings {
		name, value, err := ParseSetting(setting)
		if err == nil && allowed != nil {
			err = allowed(name)
		}
		if err == nil {
			err = InSetting(name, r.Set(name, value))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// named returns the built-in recipe of Name, or that of a file, with its strength.
func (c *RecipeChoice) named() (r paint.Recipe, err error) {
	s := paint.Balanced
	if c.Strength != nil {
		s = *c.Strength
	}
	if !IsRecipeFile(c.Name) {
		if r, err = paint.RecipeNamed(c.Name); err == nil {
			err = r.Strengthen(s)
		}
		return r, err
	}
	data, err := ReadRecipe(c.Name)
	if err != nil {
		return r, err
	}
	return paint.ParseRecipe(data, s)
}

// ReadRecipe returns the JSON object of a recipe's file. [paint.ParseRecipe] accepts it.
func ReadRecipe(path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, cli.Unreadable("%w: 'pastiche recipes NAME --json' prints a recipe to begin with", err)
	}
	data = bytes.TrimSpace(data)
	if _, err := paint.ParseRecipe(data, paint.Balanced); err != nil {
		return nil, cli.Unreadable("%s: %w", path, err)
	}
	return data, nil
}

// IsRecipeFile reports whether a recipe is named by its file: no name of a recipe has a
// dot or a separator.
func IsRecipeFile(name string) bool { return strings.ContainsAny(name, `./\`) }

// ParseSetting splits a value of --set.
func ParseSetting(setting string) (name, value string, err error) {
	name, value, found := strings.Cut(setting, "=")
	if !found {
		return "", "", cli.Misused("--set %s: expected NAME=VALUE, such as content_weight=0.1", setting)
	}
	return name, value, nil
}

// InSetting gives the library's error about a parameter the --set that set it.
func InSetting(name string, err error) error {
	var option *paint.OptionError
	if errors.As(err, &option) {
		return cli.Misused("--set %s: %s", name, option.Reason)
	}
	return err
}

// optionFlags are the flags behind the library's options that are no parameters of a
// recipe.
var optionFlags = map[string]string{
	"Recipe": "recipe", "Strength": "strength", "Seed": "seed", "Weight": "style-blend", "Scale": "style-scales",
	"Mask": "mask", "Keep": "keep", "StyleMask": "style-mask", "Threads": "threads", "Precision": "precision", "Memory": "memory",
}

// InFlags gives the library's error about an option the name of its flag. Other errors
// stay as they are.
func InFlags(err error) error {
	var option *paint.OptionError
	if !errors.As(err, &option) || errors.As(err, new(*cli.InputError)) {
		return err
	}
	if flag := optionFlags[option.Option]; flag != "" {
		return cli.Misused("--%s: %s", flag, option.Reason)
	}
	for _, p := range paint.Parameters() {
		if strings.EqualFold(strings.ReplaceAll(p.Name, "_", ""), option.Option) { // ContentWeight
			if slices.Contains(EverydayParameters, p.Name) {
				return cli.Misused("--%s: %s", ParameterFlag(p.Name), option.Reason)
			}
			return InSetting(p.Name, err)
		}
	}
	return err
}
