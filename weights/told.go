package weights

import (
	"fmt"
	"slices"
	"strings"
)

// Where a file's names tell nobody what is what, somebody can: as the names of
// the layers, block after block, in which the ends that say weight or bias are
// left out. The batch norm of a layer follows it after a plus sign.

// ParseLayers reads such names from a text for each block, in which commas
// separate the layers: "stem.0,stem.2" or "c1+bn1,c2+bn2".
func ParseLayers(blocks []string) ([][]string, error) {
	if len(blocks) == 0 {
		return nil, nil
	}
	if len(blocks) > maxBlocks {
		return nil, fmt.Errorf("%d blocks of layers, expected at most %d", len(blocks), maxBlocks)
	}
	var told [][]string
	var all []string
	for _, block := range blocks {
		layers := strings.Split(block, ",")
		if len(layers) > maxPerBlock {
			return nil, fmt.Errorf("the block of layers %q has %d, expected at most %d", block, len(layers), maxPerBlock)
		}
		for _, layer := range layers {
			for _, name := range strings.Split(layer, "+") {
				if name == "" || slices.Contains(all, name) {
					return nil, fmt.Errorf("the block of layers %q has the name %q, expected names such as features.0, each once", block, name)
				}
				all = append(all, name)
			}
		}
		told = append(told, layers)
	}
	return told, nil
}

// parseTold takes a name apart with the help of those that were told.
func (l *layout) parseTold(name []byte) (n tensorName, ok bool) {
	stem, role, ok := cutRole(name)
	if !ok {
		return n, false
	}
	for b, layers := range l.told {
		for i, layer := range layers {
			conv, norm, hasNorm := strings.Cut(layer, "+")
			if string(stem) == conv || hasNorm && string(stem) == norm {
				return tensorName{scheme: named, block: b + 1, index: i + 1, norm: string(stem) != conv, role: role}, true
			}
		}
	}
	return n, false
}

// checkTold fails where a layer that was told is not in the file.
func (l *layout) checkTold() error {
	for b, layers := range l.told {
		if b >= maxBlocks || len(layers) > maxPerBlock {
			return fmt.Errorf("%w: the layers %q were told to be block %d, expected at most %d blocks of at most %d",
				ErrNotVGG, layers, b+1, maxBlocks, maxPerBlock)
		}
		for i, layer := range layers {
			conv, norm, hasNorm := strings.Cut(layer, "+")
			switch {
			case l.convs[b][i][weightRole] == nil:
				return fmt.Errorf("%w: found %s, expected the layer %q, which was told to be %s",
					ErrNotVGG, l.found(), conv, convName(b+1, i+1))
			case hasNorm && l.norms[b][i] == (module{}):
				return fmt.Errorf("%w: found %s, expected the layer %q, which was told to be the batch norm of %s",
					ErrNotVGG, l.found(), norm, convName(b+1, i+1))
			}
		}
	}
	return nil
}
