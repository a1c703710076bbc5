package paint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"

	"github.com/pastiche-art/pastiche/internal/kernel"
	"github.com/pastiche-art/pastiche/internal/recolor"
	"github.com/pastiche-art/pastiche/internal/spelling"
)

// A Parameter describes a field of [Recipe], but for its Name.
type Parameter struct {
	Name string // in JSON, such as content_weight
	// Doc is a line that says what the parameter is and what more and less of it do.
	Doc string
	// Type is the type in JSON: integer, number, string, boolean or array.
	Type string
	// Minimum and Maximum limit a number as [Recipe.Validate] does, and it has to be
	// greater than Above and less than Below; nil is no limit. Conditions on several
	// parameters are Validate's alone.
	Minimum, Maximum, Above, Below *float64
	Choices                        []string // of a string; nil is any
}

func from(least float64) Parameter         { return Parameter{Minimum: &least} }
func within(least, most float64) Parameter { return Parameter{Minimum: &least, Maximum: &most} }
func greater(than float64) Parameter       { return Parameter{Above: &than} }
func decay() Parameter                     { return Parameter{Minimum: new(float64), Below: new(1.0)} }

func oneOf[S ~string](choices ...S) (p Parameter) {
	for _, c := range choices {
		p.Choices = append(p.Choices, string(c))
	}
	return p
}

func (p Parameter) means(doc string) Parameter {
	p.Doc = doc
	return p
}

// parameters are the limits and the texts of parameters, by their names.
var parameters = map[string]Parameter{
	"size":                 within(1, MaxSize).means("long side of the painting in pixels; more shows finer strokes and takes longer"),
	"first_size":           from(0).means("long side of the first scale in pixels; less lets larger forms of the style in; 0 paints at a single scale"),
	"scale_step":           from(minScaleStep).means("ratio of the size of each scale to the one before; less makes more scales, which takes longer"),
	"iterations":           within(1, MaxIterations).means("steps at each scale; more settles the painting further and takes longer; at most 1,000,000 in all"),
	"first_iterations":     from(1).means("steps at the first of several scales; more settles the large forms further"),
	"scales":               Parameter{}.means("SIZE:ITERATIONS of each scale, such as 128:200,512:100, instead of the five parameters above"),
	"init":                 oneOf(InitContent, InitNoise, InitPicture).means("where the painting begins: the photo, noise, or a picture that is given"),
	"noise_share":          within(0, 1).means("share of noise in a beginning with noise; less begins nearer to the photo"),
	"pooling":              oneOf("max", "avg", "avg-rescaled").means("how the network halves its feature maps; none is as it was trained, avg paints smoother"),
	"replicate":            Parameter{}.means("continue the edges of the picture into the padding of the first layer, where zeros may paint a frame"),
	"margin":               within(0, maxMargin).means("pixels painted beyond each side and cut off; more keeps the borders cleaner and takes longer"),
	"content_layers":       Parameter{}.means("LAYER:WEIGHT of the content cost, such as conv3_2:0.5,conv4_2:1; lower layers keep finer detail of the photo"),
	"style_layers":         Parameter{}.means("LAYER:WEIGHT of the style cost, such as conv1_1:1,conv4_1:0.2; higher layers paint larger forms of the style"),
	"content_cost":         oneOf(contentCosts...).means("how activations are compared, position by position"),
	"style_cost":           oneOf(styleCosts...).means("how statistics of activations are compared"),
	"final_iterations":     from(0).means("steps that follow at the last scale with the final cost; more paints finer strokes"),
	"final_cost":           oneOf(styleCosts...).means("style cost of the final steps"),
	"content_share":        within(0, 1).means("share of the photo in what the style cost nearest compares; less follows the painting as it is so far"),
	"balanced":             Parameter{}.means("divide activations by their mean, so that weights mean the same with every network"),
	"factor":               from(0).means("multiplies activations that are not balanced; more makes costs and steps larger; 0 is the network's own"),
	"content_weight":       from(0).means("weight of the content cost; more keeps the photo, less lets the style's own objects in"),
	"first_content_weight": from(0).means("weight of the content cost at the first of several scales; more keeps the photo's large forms; 0 is the same at all"),
	"style_weight":         from(0).means("weight of the style cost; more takes the painting further from the photo"),
	"variation_weight":     from(0).means("weight of the total variation; more smooths, less keeps finer strokes and noise"),
	"faces":                oneOf(facesChoices...).means("faces in the photo: keep leaves people recognisable, ignore paints them like the rest"),
	"face_weight":          from(0).means("weight of the content cost in faces; more keeps them closer to the photo; 0 is 6 times the content weight"),
	"style_scale":          greater(0).means("size of the styles relative to the painting; more makes larger strokes, less finer ones"),
	"first_style_scale":    from(0).means("size of the styles at the first of several scales; more begins with larger strokes; 0 is the same at all"),
	"style_size":           within(0, MaxSize).means("long side of the styles in pixels at every scale; more makes larger strokes; 0 is relative to the painting"),
	"rotations":            within(0, quarters).means("directions in which each style is seen, a quarter of a turn apart; more lets strokes run in any direction"),
	"colors":               oneOf(StyleColors, ContentColors, MatchColors).means("colours of the painting: style as painted, content those of the photo, match exactly those of the style"),
	"color_method":         oneOf(recolor.Methods...).means("how the photo's or the style's colours are taken; none is luminance for content and linear for match, which suit them best"),
	"tileable":             Parameter{}.means("fit opposite sides of a texture together"),
	"pyramid":              within(0, maxPyramid).means("levels of a Laplacian pyramid that are moved instead of pixels; more moves larger areas at once; 0 is pixels"),
	"optimizer":            oneOf(Adam, LBFGS).means("what moves the pixels"),
	"learning_rate":        greater(0).means("step of adam in levels of 0 to 255; more changes the picture faster and more coarsely"),
	"final_rate":           within(0, 1).means("share of the learning rate left at the end of each scale; less ends calmer; 0 keeps the rate constant"),
	"first_moment":         decay().means("beta 1 of adam; more smooths its steps over more iterations; 0 is 0.9"),
	"second_moment":        decay().means("beta 2 of adam; more adapts its steps more slowly; 0 is 0.999"),
	"averaging":            decay().means("decay of the mean over steps that becomes the painting; more is smoother; 0 is the last step"),
	"clamp":                Parameter{}.means("keep levels within 0 to 255 while painting"),
}

// Parameters returns the parameters of a recipe, in the order of its fields.
func Parameters() []Parameter {
	var all []Parameter
	for _, field := range reflect.VisibleFields(reflect.TypeFor[Recipe]()) {
		name := jsonName(field)
		p, found := parameters[name]
		if !found {
			continue // the name, which is no parameter
		}
		p.Name, p.Type = name, jsonType(field.Type)
		all = append(all, p)
	}
	return all
}

func jsonName(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	return name
}

// jsonType returns the type of a field in JSON.
func jsonType(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Int:
		return "integer"
	case reflect.Float64:
		return "number"
	case reflect.Bool:
		return "boolean"
	case reflect.Slice:
		return "array"
	}
	return "string"
}

// field returns the field behind a parameter, and its name in Go.
func (r *Recipe) field(parameter string) (reflect.Value, string, error) {
	var names []string
	v := reflect.ValueOf(r).Elem()
	for _, field := range reflect.VisibleFields(v.Type()) {
		name := jsonName(field)
		if _, found := parameters[name]; !found {
			continue
		}
		if name == parameter {
			return v.FieldByIndex(field.Index), field.Name, nil
		}
		names = append(names, name)
	}
	if nearest := spelling.Nearest(parameter, names); nearest != "" {
		return reflect.Value{}, "", invalid(parameter, "no such parameter: did you mean %s?", nearest)
	}
	return reflect.Value{}, "", invalid(parameter, "no such parameter: expected one of %s", strings.Join(names, ", "))
}

// Set changes a parameter. The value is a bare word or JSON: 0.1, adam, "adam", true.
// Layers are also written conv4_2:1,conv5_1:0.5, and share a weight of 1 where none has
// one: conv4_2,conv5_1. Scales are also written 128:200,512:100, and have the recipe's
// iterations where they have none of their own: 128,512.
//
// Four parameters change others: a first_size sets a scale_step and first_iterations
// where the recipe has none; iterations keep their ratio to first_iterations; scales set
// the size to that of the last; colors clear the color_method, which is meant for the
// recipe's own.
//
// The error is an [*OptionError]. [Recipe.Validate] checks the recipe as a whole.
func (r *Recipe) Set(parameter, value string) error {
	field, option, err := r.field(parameter)
	if err != nil {
		return err
	}
	before := r.Iterations
	if err := setField(field, strings.TrimSpace(value)); err != nil {
		return invalid(option, "%s: %v", value, err)
	}
	switch parameter {
	case "first_size":
		if r.FirstSize > 0 && r.ScaleStep == 0 {
			r.ScaleStep = math.Sqrt2
		}
		if r.FirstSize > 0 && r.FirstIterations == 0 {
			r.FirstIterations = r.Iterations
		}
	case "iterations":
		if before > 0 && r.Iterations <= MaxIterations { // more is left to Validate
			r.FirstIterations = r.FirstIterations * r.Iterations / before
		}
	case "scales":
		for i := range r.Scales {
			if r.Scales[i].Iterations == 0 {
				r.Scales[i].Iterations = r.Iterations
			}
			r.Size = r.Scales[i].Size
		}
	case "colors":
		r.ColorMethod = ""
	}
	return nil
}

// setField reads a value into a field, or leaves it as it is and returns an error.
func setField(field reflect.Value, value string) error {
	to := reflect.New(field.Type())
	if err := parse(to.Interface(), value); err != nil {
		return err
	}
	field.Set(to.Elem())
	return nil
}

// parse reads a value into a new field.
func parse(to any, value string) error {
	if strings.HasPrefix(value, "[") || strings.HasPrefix(value, `"`) {
		return decodeStrictly([]byte(value), to)
	}
	switch to := to.(type) {
	case *[]Layer:
		if value == "null" { // as JSON writes an empty list
			return nil
		}
		return parseLayers(to, value)
	case *[]Scale:
		return parseScales(to, value)
	case **kernel.Pooling:
		if value == "" || value == "null" {
			return nil
		}
		pooling, err := kernel.ParsePooling(value)
		*to = &pooling
		return err
	}
	if field := reflect.ValueOf(to).Elem(); field.Kind() == reflect.String {
		field.SetString(value)
		return nil
	}
	return decodeStrictly([]byte(value), to)
}

// decodeStrictly decodes one JSON value of which every field is known.
func decodeStrictly(data []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	err := d.Decode(to)
	if err == nil && (d.InputOffset() < int64(len(data)) || string(data) == "null") {
		err = errors.New("expected one JSON value")
	}
	if err == nil {
		return nil
	}
	switch jsonType(reflect.TypeOf(to).Elem()) {
	case "integer":
		return errors.New("expected a whole number")
	case "number":
		return errors.New("expected a number")
	case "boolean":
		return errors.New("expected true or false")
	}
	return err
}

// parseLayers reads names of layers, with weights for all of them or for none.
func parseLayers(to *[]Layer, list string) error {
	if list == "" {
		return nil
	}
	names := strings.Split(list, ",")
	weighted := 0
	for _, item := range names {
		name, weight, found := strings.Cut(strings.TrimSpace(item), ":")
		layer := Layer{Name: name, Weight: 1 / float64(len(names))}
		if found {
			weighted++
			w, err := strconv.ParseFloat(weight, 64)
			if err != nil || math.IsNaN(w) {
				return fmt.Errorf("weight %q of %s: expected a number", weight, name)
			}
			layer.Weight = w
		}
		*to = append(*to, layer)
	}
	if weighted != 0 && weighted != len(names) {
		return errors.New("expected a weight for every layer or for none")
	}
	return nil
}

// parseScales reads sizes with or without iterations.
func parseScales(to *[]Scale, list string) error {
	if list == "" {
		return nil
	}
	for item := range strings.SplitSeq(list, ",") {
		size, iterations, found := strings.Cut(strings.TrimSpace(item), ":")
		var s Scale
		var err error
		if s.Size, err = strconv.Atoi(size); err != nil {
			return fmt.Errorf("size %q: expected a whole number of pixels", size)
		}
		if found {
			if s.Iterations, err = strconv.Atoi(iterations); err != nil || s.Iterations < 1 {
				return fmt.Errorf("%q iterations at %d pixels: expected a whole number, 1 or more", iterations, s.Size)
			}
		}
		*to = append(*to, s)
	}
	return nil
}

// Value returns a parameter as [Recipe.Set] reads it; "" is none. It panics for a name
// that is not of [Parameters].
func (r *Recipe) Value(parameter string) string {
	field, _, err := r.field(parameter)
	if err != nil {
		panic(err)
	}
	switch value := field.Interface().(type) {
	case []Layer:
		items := make([]string, len(value))
		for i, l := range value {
			items[i] = l.Name + ":" + decimal(l.Weight)
		}
		return strings.Join(items, ",")
	case []Scale:
		items := make([]string, len(value))
		for i, s := range value {
			if s != (Scale{Size: s.Size, Iterations: s.Iterations}) {
				text, err := json.Marshal(value)
				if err != nil {
					panic(err) // only for a number that Validate refuses
				}
				return string(text)
			}
			items[i] = fmt.Sprintf("%d:%d", s.Size, s.Iterations)
		}
		return strings.Join(items, ",")
	case float64:
		return decimal(value)
	}
	if field.Kind() == reflect.Pointer && field.IsNil() {
		return ""
	}
	return fmt.Sprint(field.Interface())
}

func decimal(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
