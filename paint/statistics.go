package paint

import (
	"context"
	"slices"

	"github.com/pastiche-art/pastiche/internal/cost"
	"github.com/pastiche-art/pastiche/internal/kernel"
	"github.com/pastiche-art/pastiche/internal/masking"
	"github.com/pastiche-art/pastiche/picture"
)

// addStatistics adds the costs of a region whose styles are compared by statistics,
// layer by layer.
func (s *session) addStatistics(ctx context.Context, st *stage, r *region, scale Scale, layers []Layer) error {
	guides, area, err := s.guides(s.canvasMask(r.shown, st.w, st.h), st.h, st.w, layers)
	if err != nil {
		return err
	}
	targets, err := s.measureRegion(ctx, r, scale, layers, st.plan.Memory())
	if err != nil {
		return err
	}
	for _, l := range layers {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		target := targets[l.Name]
		opts := cost.Options{Factor: s.recipe.Factor, Guide: guides[l.Name]}
		if s.recipe.Balanced {
			opts.Factor = inverse(target.MeanActivation())
		}
		var c cost.Cost
		if scale.StyleCost == GramCost {
			c = cost.NewGram(target, opts)
		} else {
			c = cost.NewWasserstein(s.pool, target, opts)
		}
		st.add(c, styleKind, l.Weight*area, s.recipe.StyleWeight, l.Name)
	}
	return nil
}

// measureTurned returns the statistics of a style, resized to a long side, at some
// layers: the mean over the rotations of the recipe.
func (s *session) measureTurned(ctx context.Context, of *style, long int, layers []Layer, memory int64) (map[string]*cost.Statistics, error) {
	var (
		p          = resized(of.picture, long)
		mask       = of.shown
		statistics = make(map[string][]*cost.Statistics)
		directions = max(s.recipe.Rotations, 1)
	)
	for quarter := range directions {
		if quarter > 0 {
			p, mask = turned(p), turnedMask(mask)
		}
		of, err := s.measure(ctx, p, mask, layers, memory)
		if err != nil {
			return nil, err
		}
		for name, m := range of {
			statistics[name] = append(statistics[name], m)
		}
	}
	all := make(map[string]*cost.Statistics)
	for name, of := range statistics {
		all[name] = cost.Blend(slices.Repeat([]float64{1}, directions), of...)
	}
	return all, nil
}

// measure returns the statistics of a picture within a mask at some layers.
func (s *session) measure(ctx context.Context, p *picture.Picture, mask *masking.Mask, layers []Layer, memory int64) (map[string]*cost.Statistics, error) {
	guides, _, err := s.guides(mask, p.H, p.W, layers)
	if err != nil {
		return nil, err
	}
	plan, err := s.observer(p.H, p.W, layers, memory)
	if err != nil {
		return nil, err
	}
	parts, positions := make(map[string][]*cost.Statistics), make(map[string][]float64)
	err = s.pool.Interruptible(ctx, func() error {
		return plan.Forward(ctx, p.RGB, func(tap string, f *kernel.Tensor, y, x int) {
			parts[tap] = append(parts[tap], guides[tap].Measure(s.pool, f, y, x))
			positions[tap] = append(positions[tap], float64(f.Positions()))
		})
	})
	if err != nil {
		return nil, err
	}
	whole := make(map[string]*cost.Statistics)
	for tap, of := range parts {
		whole[tap] = cost.Blend(positions[tap], of...)
	}
	return whole, nil
}

// measureRegion returns the statistics of the styles of a region, blended by their
// shares.
func (s *session) measureRegion(ctx context.Context, r *region, scale Scale, layers []Layer, memory int64) (map[string]*cost.Statistics, error) {
	parts := make(map[string][]*cost.Statistics)
	for _, style := range r.styles {
		size := s.styleSize(scale, style)
		of, err := s.opts.Cache.statistics(
			func() cacheKey { return s.cacheKey(style, size, layers, memory) },
			func() (map[string]*cost.Statistics, error) { return s.measureTurned(ctx, style, size, layers, memory) })
		if err != nil {
			return nil, err
		}
		for name, m := range of {
			parts[name] = append(parts[name], m)
		}
	}
	all := make(map[string]*cost.Statistics)
	for name, of := range parts {
		all[name] = cost.Blend(r.shares, of...)
	}
	return all, nil
}
