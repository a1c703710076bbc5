package studio

import (
	"math"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// cache is an LRU cache that is bounded in bytes.
type cache[K comparable] struct {
	most int // bytes

	mu    sync.Mutex
	lru   *simplelru.LRU[K, []byte]
	bytes int
}

func newCache[K comparable](most int) *cache[K] {
	c := &cache[K]{most: most}
	var err error
	c.lru, err = simplelru.NewLRU(math.MaxInt, func(_ K, value []byte) { c.bytes -= len(value) })
	if err != nil {
		panic(err) // of a size that is not positive
	}
	return c
}

// get returns a value, which must not be changed.
func (c *cache[K]) get(key K) ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lru.Get(key)
}

// getOr returns the value of a key, or the value that fill makes. Other callers of the
// key wait meanwhile, so that a value is made once.
func (c *cache[K]) getOr(key K, fill func() []byte) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	value, found := c.lru.Get(key)
	if !found {
		value = fill()
		c.add(key, value)
	}
	return value
}

func (c *cache[K]) put(key K, value []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.add(key, value)
}

func (c *cache[K]) add(key K, value []byte) {
	c.lru.Remove(key)
	if len(value) > c.most {
		return
	}
	c.lru.Add(key, value)
	for c.bytes += len(value); c.bytes > c.most; {
		c.lru.RemoveOldest()
	}
}
