// Package spelling finds the word that a misspelt one was meant to be.
package spelling

import "strings"

// Nearest returns the word that is most like a misspelt one, or "" if none is near. A word
// is near if at most a third of the letters of the misspelt one have to change. Upper and
// lower case count as the same letter, as do "-" and "_".
func Nearest(misspelt string, words []string) string {
	nearest, least := "", len(misspelt)/3+1
	for _, word := range words {
		if d := distance(plain(misspelt), plain(word)); d < least || d == 0 {
			nearest, least = word, d
		}
	}
	return nearest
}

func plain(word string) string { return strings.ToLower(strings.ReplaceAll(word, "-", "_")) }

// distance returns the least number of letters to insert, delete or replace, or of
// neighbours to swap, that turns a into b: the optimal string alignment distance.
func distance(a, b string) int {
	before, above, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, above, row = above, row, before
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(b)]
}
