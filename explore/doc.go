// Package explore paints one photo in the manner of one painting in many ways,
// small and side by side on one sheet, so that a person can choose with the eyes
// what to paint large.
//
//	[Vary] -> variations -> [Paint] -> studies -> [Sheet] -> a picture
package explore
