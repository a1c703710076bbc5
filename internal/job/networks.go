package job

import (
	"sync"
	"time"

	"github.com/pastiche-art/pastiche/paint"
)

// networkAge is how long the built-in network serves a recipe that prefers another
// one: a network that is installed meanwhile is noticed after that.
const networkAge = time.Minute

// networks keeps the networks that recipes are meant for open, because their files
// are large. A network whose file is replaced is noticed when the process starts
// anew.
type networks struct {
	mu     sync.Mutex
	opened map[string]openedNetwork // by the recipe's name
}

type openedNetwork struct {
	*paint.Network
	at time.Time
}

// of returns the network that this machine has for a recipe.
func (n *networks) of(r *paint.Recipe) (*paint.Network, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	builtin, err := n.open(&paint.Recipe{}, time.Time{})
	if err != nil {
		return nil, err
	}
	network, err := n.open(r, time.Now().Add(-networkAge))
	if err != nil || network.Name != builtin.Name {
		return network, err
	}
	return builtin, nil
}

// open returns the network for a recipe. One that was opened before a time is opened
// again, unless it is the one that the recipe prefers.
func (n *networks) open(r *paint.Recipe, before time.Time) (*paint.Network, error) {
	o, found := n.opened[r.Name]
	if found && (o.at.After(before) || o.Name != n.opened[""].Name) {
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

// installed returns the networks of this machine that jobs may ask for, by name.
func (n *networks) installed() (map[string]*paint.Network, error) {
	all := make(map[string]*paint.Network)
	for _, name := range paint.RecipeNames() {
		recipe, err := paint.RecipeNamed(name)
		if err != nil {
			return nil, err
		}
		network, err := n.of(&recipe)
		if err != nil {
			return nil, err
		}
		all[network.Name] = network
	}
	return all, nil
}
