package provenance

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/pastiche-art/pastiche/paint"
)

// Command returns the words of the command that paints the picture again, in a folder
// that has the inputs under their names. It paints the finished picture where this one
// is [Record.Unfinished]. It returns nil for a recipe that this version of pastiche
// does not have.
func (r *Record) Command() []string {
	base, err := paint.RecipeNamed(r.Recipe.Name)
	if err != nil {
		return nil
	}
	c := &command{"pastiche", "texture"}
	if content := r.names(paint.ContentRole); len(content) > 0 {
		c = &command{"pastiche", "paint", argument(content[0])}
	}
	for _, style := range r.names(paint.StyleRole) {
		*c = append(*c, argument(style))
	}
	c.flag("recipe", base.Name)
	if r.Strength != nil && base.Strengthen(*r.Strength) == nil {
		c.flag("strength", r.Strength.String())
	}
	c.size(&base, r)
	c.recipe(&base, r.Recipe)
	for _, role := range []paint.Role{paint.MaskRole, paint.StyleMaskRole, paint.KeepRole, paint.InitRole} {
		for _, name := range r.names(role) {
			c.flag(strings.ReplaceAll(string(role), "_", "-"), name)
		}
	}
	if len(r.StyleWeights) > 0 {
		c.flag("style-blend", list(r.StyleWeights))
	}
	if len(r.StyleScales) > 0 {
		c.flag("style-scales", list(r.StyleScales))
	}
	if r.Seed != 0 {
		c.flag("seed", strconv.FormatUint(r.Seed, 10))
	}
	switch file := r.names(NetworkRole); {
	case len(file) > 0:
		c.flag("network", file[0])
	case r.Network.Name != "builtin" || base.Name == paint.Classic().Name: // which has another default
		c.flag("network", r.Network.Name)
	}
	if r.Precision != 0 {
		c.flag("precision", r.Precision.String())
	}
	if r.Depth != 0 {
		c.flag("depth", strconv.Itoa(r.Depth))
	}
	if r.KeepProfile {
		c.toggle("keep-profile")
	}
	return *c
}

// names returns the names of the inputs of a role.
func (r *Record) names(role paint.Role) []string {
	var names []string
	for _, in := range r.Inputs {
		if in.Role == role {
			names = append(names, in.Name)
		}
	}
	return names
}

// argument returns the name of a file as an argument, which is no flag.
func argument(name string) string {
	if strings.HasPrefix(name, "-") && name != "-" {
		return "./" + name
	}
	return name
}

// list returns the value of a flag of several numbers.
func list(numbers []float64) string {
	texts := make([]string, len(numbers))
	for i, n := range numbers {
		texts[i] = number(n)
	}
	return strings.Join(texts, ",")
}

func number(n float64) string { return strconv.FormatFloat(n, 'g', -1, 64) }

// command is the words of a command under construction.
type command []string

func (c *command) flag(name, value string) { *c = append(*c, "--"+name, value) }
func (c *command) toggle(name string)      { *c = append(*c, "--"+name) }

// size adds the flags of the size of r's painting, and makes the recipe as large.
func (c *command) size(recipe *paint.Recipe, r *Record) {
	switch {
	case r.Print != "":
		c.flag("print", r.Print)
		if r.Bleed != "" {
			c.flag("bleed", r.Bleed)
		}
	case len(r.Shape) == 2:
		c.flag("shape", fmt.Sprintf("%dx%d", r.Shape[0], r.Shape[1]))
		if r.Recipe.Size != max(r.Shape[0], r.Shape[1]) {
			c.flag("size", strconv.Itoa(r.Recipe.Size))
		}
	case len(r.Recipe.Scales) == 0: // a list of scales has a size of its own
		c.flag("size", strconv.Itoa(r.Recipe.Size))
	}
	recipe.Size = r.Recipe.Size
}

// recipe adds the flags that change one recipe into another: those of the everyday
// parameters, and --set for the others.
func (c *command) recipe(from *paint.Recipe, to paint.Recipe) {
	if to.Iterations != from.Iterations {
		c.flag("iterations", strconv.Itoa(to.Iterations))
		// The first scale keeps its ratio to the others.
		from.Iterations, from.FirstIterations = to.Iterations, from.FirstIterations*to.Iterations/from.Iterations
	}
	if to.ContentWeight != from.ContentWeight {
		c.flag("content-weight", number(to.ContentWeight))
		from.ContentWeight = to.ContentWeight
	}
	if to.StyleScale != from.StyleScale {
		c.flag("style-scale", number(to.StyleScale))
		from.StyleScale = to.StyleScale
	}
	if to.Faces != from.Faces && to.Faces != "" {
		c.flag("faces", string(to.Faces))
		from.Faces = to.Faces
	}
	if to.Colors != from.Colors && to.Colors != "" {
		c.flag("colors", string(to.Colors))
		from.Colors, from.ColorMethod = to.Colors, "" // the default method of these colours
	}
	if to.Tileable && !from.Tileable {
		c.toggle("tileable")
		from.Tileable = true
	}
	if to.Init == paint.InitPicture { // which --init sets
		from.Init = to.Init
	}
	was, is := reflect.ValueOf(from).Elem(), reflect.ValueOf(to)
	for i := range was.NumField() {
		if field := is.Field(i).Interface(); !reflect.DeepEqual(was.Field(i).Interface(), field) {
			name, _, _ := strings.Cut(was.Type().Field(i).Tag.Get("json"), ",")
			c.flag("set", name+"="+value(field))
		}
	}
}

// value returns the value of a parameter as --set reads it: JSON, or the bare text of
// a string.
func value(of any) string {
	text, err := json.Marshal(of)
	if err != nil {
		panic(err) // of a recipe that was read from JSON, or that painted
	}
	var bare string
	if json.Unmarshal(text, &bare) == nil && string(text) != "null" {
		return bare
	}
	return string(text)
}
