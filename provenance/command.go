package provenance

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pastiche-art/pastiche/paint"
)

// Command returns the words of the command that paints the picture again, in a folder
// that has the inputs under their names. It paints the finished picture where this one
// is [Record.Unfinished]. It returns nil for a recipe that no command of this version of
// pastiche paints by.
func (r *Record) Command() []string {
	c, base, flags := r.begin()
	if c == nil {
		return nil
	}
	if r.Strength != nil && base.Strengthen(*r.Strength) == nil {
		c.flag("strength", r.Strength.String())
	}
	c.size(&base, r)
	if c.recipe(&base, &r.Recipe, flags); slices.ContainsFunc(paint.Parameters(), func(p paint.Parameter) bool {
		return base.Value(p.Name) != r.Recipe.Value(p.Name)
	}) {
		return nil
	}
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
	case r.Network.Name == "": // the recipe's own
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

// begin returns the first words of the command: its name, the inputs and the recipe. It
// also returns the recipe that they choose, and the parameters that have flags of their
// own there; --set sets the others. The words are nil for a recipe of another version.
func (r *Record) begin() (*command, paint.Recipe, []string) {
	content, styles := r.names(paint.ContentRole), r.names(paint.StyleRole)
	switch ofContent, ofStyle := paint.ContentReconstruction, paint.StyleReconstruction; {
	case r.Recipe.Name == ofContent("").Name && len(content) > 0 && len(r.Recipe.ContentLayers) > 0:
		layer := last(r.Recipe.ContentLayers)
		return &command{"pastiche", "reconstruct", argument(content[0]), "--layer", layer}, ofContent(layer), reconstructFlags
	case r.Recipe.Name == ofStyle("").Name && len(styles) > 0 && len(r.Recipe.StyleLayers) > 0:
		layer := last(r.Recipe.StyleLayers)
		return &command{"pastiche", "reconstruct", argument(styles[0]), "--of", "style", "--layer", layer}, ofStyle(layer), reconstructFlags
	}
	base, err := paint.RecipeNamed(r.Recipe.Name)
	if err != nil {
		return nil, base, nil
	}
	c := &command{"pastiche", "texture"}
	if len(content) > 0 {
		c = &command{"pastiche", "paint", argument(content[0])}
	}
	for _, style := range styles {
		*c = append(*c, argument(style))
	}
	c.flag("recipe", base.Name)
	return c, base, paintFlags
}

// last returns the name of the last layer, which 'pastiche reconstruct' takes as --layer.
func last(layers []paint.Layer) string { return layers[len(layers)-1].Name }

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
	listed := len(r.Recipe.Scales) > 0 // scales set the size
	switch {
	case r.Print != "":
		c.flag("print", r.Print)
		if r.Bleed != "" {
			c.flag("bleed", r.Bleed)
		}
		recipe.Size = r.Recipe.Size
	case len(r.Shape) == 2 && (*c)[1] == "texture": // 'pastiche reconstruct' takes its picture's
		c.flag("shape", fmt.Sprintf("%dx%d", r.Shape[0], r.Shape[1]))
		recipe.Size = max(r.Shape[0], r.Shape[1])
		if !listed {
			c.parameter(recipe, &r.Recipe, "size", true)
		}
	case !listed:
		recipe.Size = r.Recipe.Size
		c.flag("size", recipe.Value("size"))
	}
}

// The parameters that have flags of their own, besides --size: of 'pastiche paint' and
// 'pastiche texture', and of 'pastiche reconstruct'. --set sets the others.
var (
	paintFlags       = []string{"iterations", "content_weight", "style_scale", "colors", "faces", "tileable"}
	reconstructFlags = []string{"iterations"}
)

// recipe adds the flags that change one recipe into another. flags are the parameters
// that have flags of their own.
func (c *command) recipe(from, to *paint.Recipe, flags []string) {
	for _, name := range flags {
		if to.Value(name) != "" {
			c.parameter(from, to, name, true)
		}
	}
	if to.Init == paint.InitPicture { // --init sets it
		from.Init = to.Init
	}
	for range 2 { // the second time, what other parameters have changed
		for _, p := range paint.Parameters() {
			c.parameter(from, to, p.Name, false)
		}
	}
}

// parameter adds the flag that makes a parameter that of another recipe, and sets it.
func (c *command) parameter(from, to *paint.Recipe, name string, own bool) {
	value := to.Value(name)
	if from.Value(name) == value {
		return
	}
	switch {
	case !own:
		c.flag("set", name+"="+value)
	case value == "true":
		c.toggle(name)
	default:
		c.flag(strings.ReplaceAll(name, "_", "-"), value)
	}
	from.Set(name, value) //nolint:errcheck // Command compares the recipes in the end
}
