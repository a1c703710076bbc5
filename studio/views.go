package studio

import "sync"

// maxViews bounds the bytes of small copies that are kept.
const maxViews = 32 << 20

// views keeps small copies of pictures that were asked for: a page asks for the
// same one at several places and at every visit.
type views struct {
	mu    sync.Mutex
	of    map[string][]byte
	order []string // the oldest first
	bytes int
}

func (v *views) get(name string) []byte {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.of[name]
}

func (v *views) put(name string, data []byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.of[name] != nil || len(data) > maxViews {
		return
	}
	if v.of == nil {
		v.of = make(map[string][]byte)
	}
	v.of[name] = data
	v.order = append(v.order, name)
	for v.bytes += len(data); v.bytes > maxViews; v.order = v.order[1:] {
		v.bytes -= len(v.of[v.order[0]])
		delete(v.of, v.order[0])
	}
}
