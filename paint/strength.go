package paint

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
)

// A Strength is how far a painting goes from its photo towards its styles, from
// 0 to 1. It moves the weight of the content and the schedule of a recipe
// together: see [Recipe.Strengthen].
type Strength float64

// The strengths that have names, and what a person sees of them.
const (
	Subtle   Strength = 0   // the photo, in the painting's strokes
	Balanced Strength = 0.5 // the painting's forms, the photo's subject: a recipe as it is
	Bold     Strength = 1   // the painting first, with the photo as its motif
)

// strengthNames are the names of strengths, the least first.
var strengthNames = []struct {
	name     string
	strength Strength
}{{"subtle", Subtle}, {"balanced", Balanced}, {"bold", Bold}}

// ParseStrength reads the name of a strength, "subtle", "balanced" or "bold", or
// a number from 0 to 1. Its error is an [*OptionError].
func ParseStrength(text string) (Strength, error) {
	for _, s := range strengthNames {
		if s.name == text {
			return s.strength, nil
		}
	}
	s, err := strconv.ParseFloat(text, 64)
	if err != nil || !Strength(s).valid() {
		return 0, strengthError(text)
	}
	return Strength(s), nil
}

func (s Strength) valid() bool { return s >= Subtle && s <= Bold }

func strengthError(found string) error {
	return invalid("Strength", "%q: expected subtle, balanced, bold or a number from 0 to 1", found)
}

// String returns the name of a strength, or where it has none its number.
func (s Strength) String() string {
	for _, named := range strengthNames {
		if named.strength == s {
			return named.name
		}
	}
	return strconv.FormatFloat(float64(s), 'g', -1, 64)
}

// UnmarshalJSON reads a number or a name, as [ParseStrength] does.
func (s *Strength) UnmarshalJSON(data []byte) error {
	text := string(data)
	if len(data) > 0 && data[0] == '"' {
		if err := json.Unmarshal(data, &text); err != nil {
			return err
		}
	}
	parsed, err := ParseStrength(text)
	if err != nil {
		return err
	}
	*s = parsed
	return nil
}

// A response says how a recipe answers to a strength.
type response struct {
	// contentRatio is the content weight at Subtle divided by that at Balanced,
	// and that at Balanced divided by that at Bold; 0 leaves it alone.
	contentRatio float64
	// firstSize is the long side of the first scale in pixels; a smaller one lets
	// larger forms of the style in. contentShare and noiseShare are the fields of
	// a [Recipe]. Zeros leave the recipe alone.
	firstSize, contentShare, noiseShare threeStrengths
}

// threeStrengths holds a number at Subtle, Balanced and Bold.
type threeStrengths [3]float64

// The numbers to tune. Those in the middle are the recipes' own.
const contentRatio = 3

var responses = map[string]response{
	"fine": {contentRatio: contentRatio, firstSize: threeStrengths{280, 200, 100}},
	// The course's style costs thousands of times what its content does, and 200
	// steps keep much of what it begins with.
	"classic": {contentRatio: 100 * contentRatio, noiseShare: threeStrengths{0.3, 0.6, 0.8}},
	"gatys":   {contentRatio: contentRatio},
	"strotss": {contentRatio: contentRatio},
	"nnst":    {contentShare: threeStrengths{0.9, 0.75, 0.5}},
}

// Strengthen changes a recipe, one that [RecipeNamed] returns, to paint with a
// strength: its content weights are those of Balanced times a ratio to the power
// of 1-2s. Besides, the first scale of fine is smaller or larger, and classic begins
// with more or less noise. Of nnst, which has no content cost, it changes the content
// share. Balanced changes nothing. A recipe is strengthened once, and
// parameters of one's own are set after that. A recipe of another name answers by
// its content weights. The error is an [*OptionError], for a strength out of range.
func (r *Recipe) Strengthen(s Strength) error {
	if !s.valid() {
		return strengthError(s.String())
	}
	if s == Balanced {
		return nil
	}
	of, known := responses[r.Name]
	if !known {
		of = response{contentRatio: contentRatio}
	}
	if of.contentRatio > 0 {
		by := math.Pow(of.contentRatio, float64(1-2*s))
		r.ContentWeight *= by
		r.FirstContentWeight *= by
		r.Scales = slices.Clone(r.Scales)
		for i := range r.Scales {
			r.Scales[i].ContentWeight *= by
		}
	}
	if of.firstSize != (threeStrengths{}) {
		r.FirstSize = int(math.Round(of.firstSize.at(s)))
	}
	if of.contentShare != (threeStrengths{}) {
		r.ContentShare = of.contentShare.at(s)
	}
	if of.noiseShare != (threeStrengths{}) {
		r.NoiseShare = of.noiseShare.at(s)
	}
	return nil
}

// at returns the number at a strength, on straight lines between the three.
func (v threeStrengths) at(s Strength) float64 {
	from, to, along := v[0], v[1], float64(s/Balanced)
	if s > Balanced {
		from, to, along = v[1], v[2], float64((s-Balanced)/(Bold-Balanced))
	}
	return from + along*(to-from)
}
