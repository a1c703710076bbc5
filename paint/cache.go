package paint

import (
	"crypto/sha256"
	"fmt"

	"github.com/pastiche-art/pastiche/internal/cost"
	"github.com/pastiche-art/pastiche/internal/kernel"
)

// A Cache keeps the statistics of styles from one painting to the next, where many are
// painted in the same styles and sizes, such as the frames of a video. It changes no
// painting. What a painting does not use is dropped when the next one begins. The zero
// value is empty and ready. One painting at a time may use a Cache.
type Cache struct {
	measured map[cacheKey]*cached
	painting int // the number of the painting that uses the cache
}

// cacheKey is everything that the statistics of a style depend on.
type cacheKey struct {
	network   string            // digest
	style     [sha256.Size]byte // digest of the picture and of what is shown of it
	long      int
	layers    string
	pooling   kernel.Pooling
	replicate bool
	precision Precision
	rotations int
	memory    int64
}

type cached struct {
	statistics map[string]*cost.Statistics
	painting   int // the last one that used them
}

// begin drops what the painting before did not use.
func (c *Cache) begin() {
	if c == nil {
		return
	}
	for key, of := range c.measured {
		if of.painting < c.painting {
			delete(c.measured, key)
		}
	}
	c.painting++
}

// statistics returns the statistics that the cache has of a style. Where it has none, it
// keeps those that measure returns.
func (c *Cache) statistics(key func() cacheKey, measure func() (map[string]*cost.Statistics, error)) (map[string]*cost.Statistics, error) {
	if c == nil {
		return measure()
	}
	k := key()
	of := c.measured[k]
	if of == nil {
		statistics, err := measure()
		if err != nil {
			return nil, err
		}
		if c.measured == nil {
			c.measured = make(map[cacheKey]*cached)
		}
		of = &cached{statistics: statistics}
		c.measured[k] = of
	}
	of.painting = c.painting
	return of.statistics, nil
}

// cacheKey returns the key of the statistics of a style, resized to a long side, at some
// layers.
func (s *session) cacheKey(of *style, long int, layers []Layer, memory int64) cacheKey {
	h := sha256.New()
	hashPicture(h, of.picture)
	hashMask(h, of.shown)
	return cacheKey{
		network: s.network.Digest, style: [sha256.Size]byte(h.Sum(nil)), long: long, layers: fmt.Sprint(names(layers)),
		pooling: *s.recipe.Pooling, replicate: s.recipe.Replicate, precision: s.opts.Precision,
		rotations: s.recipe.Rotations, memory: memory,
	}
}
