package explore

import (
	"fmt"

	"github.com/pastiche-art/pastiche/picture"
)

// leastField is the least side of a field of a sheet in pixels, which leaves room
// for a label.
const leastField = 200

// Sheet arranges the studies that have a picture on one sheet, each with its number and
// its [Variation.Label] below. Where two parameters vary, the values of the first run
// across. Sheet returns nil if no study has a picture.
func Sheet(studies []Study) *picture.Picture {
	var cells []picture.SheetPicture
	field := leastField
	for _, s := range studies {
		if s.Picture == nil {
			continue
		}
		field = max(field, s.Picture.W, s.Picture.H)
		cells = append(cells, picture.SheetPicture{Picture: s.Picture, Label: fmt.Sprintf("%d   %s", s.Number, s.Label())})
	}
	return picture.ContactSheet(cells, columns(studies), field, field)
}

// columns returns how many values the first parameter has, or 0 where it is the
// only one.
func columns(studies []Study) int {
	for i, s := range studies {
		if i > 0 && s.Choices[0] == studies[0].Choices[0] {
			return i
		}
	}
	return 0
}
