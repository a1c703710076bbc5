package explore

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pastiche-art/pastiche/paint"
)

// A Parameter is something that variations differ in or have in common: the recipe, the
// strength, the seed, or a parameter of a recipe by its name of [paint.Parameters].
type Parameter string

// The parameters that vary. Init has the one value "noise" here, and comes with Seed.
const (
	Recipe     Parameter = "recipe"
	Strength   Parameter = "strength"
	StyleScale Parameter = "style_scale"
	Colors     Parameter = "colors"
	Seed       Parameter = "seed"
	Init       Parameter = "init"
)

// Parameters returns the parameters that [Vary] can vary.
func Parameters() []Parameter { return []Parameter{Recipe, Strength, StyleScale, Colors, Seed} }

// A Choice is the value of a parameter, as [paint.Recipe.Set] reads it.
type Choice struct {
	Parameter Parameter
	Value     string
}

// A Variation is one way to paint among several.
type Variation struct {
	Number  int      // among the variations, from 1
	Choices []Choice // what it does not have in common with the others
	Recipe  paint.Recipe
	Seed    uint64
}

// maxVaried is how many parameters make a sheet that a person can take in: one
// across, and one down.
const maxVaried = 2

// Vary returns the variations of one parameter, or of every value of one with
// every value of another: the first runs fastest. A parameter by itself has about a
// dozen values where it has so many, and three to five beside another.
//
// fixed are the values that all variations share, as [paint.Recipe.Set] reads them. The
// value of Recipe is a name of [paint.RecipeNames], the first one unless it is given, or
// a JSON object as [paint.ParseRecipe] reads it. The recipe gives the other parameters
// their values. The value of Seed is the first of those that vary: as seeds choose the
// noise that a painting begins with, all begin with noise then.
//
// The error is a [*paint.OptionError], for an unknown parameter or value.
func Vary(fixed map[Parameter]string, varied ...Parameter) ([]Variation, error) {
	if err := check(varied); err != nil {
		return nil, err
	}
	all := []Variation{{}}
	for _, p := range slices.Backward(varied) { // the first runs fastest
		values, err := valuesOf(p, len(varied) == 1, fixed[p])
		if err != nil {
			return nil, err
		}
		var next []Variation
		for _, v := range all {
			for _, value := range values {
				choices := append([]Choice{{p, value}}, v.Choices...)
				next = append(next, Variation{Choices: choices})
			}
		}
		all = next
	}
	for i := range all {
		v := &all[i]
		v.Number = i + 1
		values := maps.Clone(fixed)
		if values == nil {
			values = make(map[Parameter]string)
		}
		for _, c := range v.Choices {
			values[c.Parameter] = c.Value
		}
		var err error
		if v.Recipe, v.Seed, err = compose(values); err != nil {
			return nil, err
		}
		if slices.Contains(varied, Seed) && v.Recipe.Init != paint.InitNoise {
			v.Recipe.Init = paint.InitNoise
			v.Choices = append(v.Choices, Choice{Init, string(paint.InitNoise)})
		}
	}
	return all, nil
}

func check(varied []Parameter) error {
	if len(varied) == 0 || len(varied) > maxVaried {
		return invalid("vary", "%d parameters: expected one or two", len(varied))
	}
	for i, p := range varied {
		if !slices.Contains(Parameters(), p) {
			return invalid("vary", "%q: expected one or two of %s", p, join(Parameters()))
		}
		if slices.Contains(varied[:i], p) {
			return invalid("vary", "%s twice", p)
		}
	}
	return nil
}

// seeds is how many of them vary by themselves, and beside another parameter.
const seeds, fewSeeds = 12, 4

// valuesOf returns the values of a parameter that varies alone or beside another.
func valuesOf(p Parameter, alone bool, fixed string) ([]string, error) {
	switch p {
	case Recipe:
		return paint.RecipeNames(), nil
	case Strength:
		if alone {
			return []string{"subtle", "0.1", "0.2", "0.3", "0.4", "balanced", "0.6", "0.7", "0.8", "0.9", "bold"}, nil
		}
		return []string{"subtle", "balanced", "bold"}, nil
	case StyleScale:
		if alone { // steps of about the fourth root of 2
			return []string{"0.5", "0.6", "0.7", "0.85", "1", "1.2", "1.4", "1.7", "2", "2.4", "2.8", "3.4"}, nil
		}
		return []string{"0.5", "0.7", "1", "1.5"}, nil
	case Colors:
		return []string{string(paint.StyleColors), string(paint.ContentColors), string(paint.MatchColors)}, nil
	}
	first, err := parseSeed(fixed)
	if err != nil {
		return nil, err
	}
	n := fewSeeds
	if alone {
		n = seeds
	}
	values := make([]string, n)
	for i := range values {
		values[i] = strconv.FormatUint(first+uint64(i), 10)
	}
	return values, nil
}

// compose returns the recipe and the seed that values describe.
func compose(values map[Parameter]string) (paint.Recipe, uint64, error) {
	strength := paint.Balanced
	if text, given := values[Strength]; given {
		var err error
		if strength, err = paint.ParseStrength(text); err != nil {
			return paint.Recipe{}, 0, err
		}
	}
	r, err := base(values[Recipe], strength)
	if err != nil {
		return r, 0, err
	}
	for _, p := range paint.Parameters() {
		if text, given := values[Parameter(p.Name)]; given {
			if err := r.Set(p.Name, text); err != nil {
				return r, 0, err
			}
		}
	}
	seed, err := parseSeed(values[Seed])
	if err != nil {
		return r, 0, err
	}
	return r, seed, r.Validate()
}

// base returns the recipe that a value of [Recipe] describes, with a strength.
func base(value string, s paint.Strength) (paint.Recipe, error) {
	if strings.HasPrefix(value, "{") {
		return paint.ParseRecipe([]byte(value), s)
	}
	r, err := paint.RecipeNamed(cmp.Or(value, paint.RecipeNames()[0]))
	if err == nil {
		err = r.Strengthen(s)
	}
	return r, err
}

func parseSeed(text string) (uint64, error) {
	if text == "" {
		return 0, nil
	}
	seed, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, invalid("Seed", "%q: expected a whole number, 0 or more", text)
	}
	return seed, nil
}

// Label says in a few words what is particular to a variation.
func (v Variation) Label() string {
	var said []string
	for _, c := range v.Choices {
		switch {
		case c.Parameter == Init:
		case c.Parameter == StyleScale:
			said = append(said, "strokes × "+c.Value)
		case c.Parameter == Colors:
			said = append(said, map[paint.Colors]string{
				paint.StyleColors:   "colours as painted",
				paint.ContentColors: "the photo's colours",
				paint.MatchColors:   "the painting's palette",
			}[paint.Colors(c.Value)])
		case c.Parameter == Seed, c.Parameter == Strength && strings.ContainsAny(c.Value, "0123456789"):
			said = append(said, string(c.Parameter)+" "+c.Value)
		default:
			said = append(said, c.Value)
		}
	}
	return strings.Join(said, ", ")
}

func join(all []Parameter) string {
	names := make([]string, len(all))
	for i, p := range all {
		names[i] = string(p)
	}
	return strings.Join(names, ", ")
}

func invalid(option, format string, args ...any) error {
	return &paint.OptionError{Option: option, Reason: fmt.Sprintf(format, args...)}
}
