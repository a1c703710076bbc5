package job

import (
	"sync"
	"time"

	"github.com/pastiche-art/pastiche/paint"
)

// networkAge is how long an opened network stays as it is: a file that is
// replaced is seen after that.
const networkAge = time.Minute

// networks keeps the networks that recipes are meant for, whose files are large.
type networks struct {
	mu     sync.Mutex
	opened map[string]openedNetwork // by the recipe's name
}

type openedNetwork struct {
	*paint.Network
	at time.Time
}

func (n *networks) of(r *paint.Recipe) (*paint.Network, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if o, found := n.opened[r.Name]; found && time.Since(o.at) < networkAge {
		return o.Network, nil
	}
	network, err := paint.DefaultNetwork(r)
	if err != nil {
		return nil, err
	}
	if n.opened == nil {
		n.opened = make(map[string]openedNetwork)
	}
	n.opened[r.Name] = openedNetwork{network, time.Now()}
	return network, nil
}
