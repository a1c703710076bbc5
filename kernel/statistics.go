package kernel

import (
	"fmt"
	"math"
)

const (
	// mostStripes bounds the number of partial sums of a Gram matrix, and
	// partialElements the memory they take.
	mostStripes     = 16
	partialElements = 1 << 20
	// leastStripe is the least number of positions worth a partial sum.
	leastStripe = 512
	// chunkElements is how many elements of a feature map stay in the cache
	// while all products of its channels are formed.
	chunkElements = 1 << 16
	// gramTaskRows is the number of rows of a Gram matrix that a task computes.
	gramTaskRows = 64
)

// Gram computes dst = F Fᵀ, C x C, for F the feature maps of f as a matrix of
// C x (H*W): the sum over positions of the products of every two channels.
func (p *Pool) Gram(dst *Matrix, f *Tensor) {
	if dst.Rows != f.C || dst.Cols != f.C {
		panic(fmt.Sprintf("kernel: Gram matrix of %d x %d for %d channels", dst.Rows, dst.Cols, f.C))
	}
	p.gramOf(dst, f, 1, 0)
}

// gramOf computes dst = scale F Fᵀ + diagonal I.
func (p *Pool) gramOf(dst *Matrix, f *Tensor, scale, diagonal float32) {
	// The border is zero and adds nothing, so that the positions of a plane
	// are one run. It is divided into stripes by shape alone; each stripe has
	// a sum of its own, and the sums are added in order.
	var (
		span    = f.span()
		stripes = max(1, min(mostStripes, partialElements/(dst.panel*f.blocks()), span/leastStripe))
		stripe  = (span + stripes - 1) / stripes
		size    = len(dst.data)
		bands   = (f.C + gramTaskRows - 1) / gramTaskRows
	)
	p.partials = grow(p.partials, stripes*size)
	clear(p.partials)
	p.Run(stripes*bands, func(_, i int) {
		s, band := i/bands, i%bands
		p.gramBand(p.partials[s*size:][:size], dst.panel, f,
			band*gramTaskRows, min((band+1)*gramTaskRows, f.C), s*stripe, min((s+1)*stripe, span))
	})
	p.Run(f.blocks(), func(_, b int) {
		panel := dst.data[b*dst.panel:][:dst.panel]
		clear(panel)
		for s := range stripes {
			addSymmetric(panel, scale, p.partials[s*size:][:size], b, f.blocks())
		}
		if diagonal != 0 {
			for c := b * lane; c < min((b+1)*lane, f.C); c++ {
				panel[c*lane+c%lane] += diagonal
			}
		}
	})
}

// addSymmetric adds scale times the columns of panel b of a symmetric matrix, of
// so many panels, to sum. What of them is below the diagonal is taken from above.
func addSymmetric(sum []float32, scale float32, matrix []float32, b, panels int) {
	const block = lane * lane
	own := matrix[b*len(sum):][:len(sum)]
	for i, v := range own[:b*block] {
		sum[i] += scale * v
	}
	for r := range lane {
		for c := range lane {
			sum[b*block+r*lane+c] += scale * own[b*block+min(r, c)*lane+max(r, c)]
		}
	}
	for r := b + 1; r < panels; r++ {
		above := (*[block]float32)(matrix[r*len(sum)+b*block:])
		below := (*[block]float32)(sum[r*block:])
		for c := range lane {
			for k := range lane {
				below[k*lane+c] += scale * above[c*lane+k]
			}
		}
	}
}

// gramBand adds the products of the channels from top to bottom with all that
// are not before them, over the positions from first to last, to out.
func (p *Pool) gramBand(out []float32, panel int, f *Tensor, top, bottom, first, last int) {
	var (
		impl  = p.impl
		chunk = max(1, chunkElements/(f.blocks()*lane))
		width = impl.panels * lane
	)
	for ; first < last; first += chunk {
		for r := top; r < bottom; r += impl.gramRows {
			for c := r / width * width; c < f.C; c += width {
				impl.gram(gram{
					out:       out[c/lane*panel+r*lane:],
					a:         f.data[r/lane*f.plane+first*lane+r%lane:],
					b:         f.data[c/lane*f.plane+first*lane:],
					panels:    min(impl.panels, f.blocks()-c/lane),
					positions: min(chunk, last-first),
					outPanel:  panel, bPanel: f.plane,
				})
			}
		}
	}
}

// Sums computes the sum of each channel of f over all positions to dst, C.
func (p *Pool) Sums(dst []float64, f *Tensor) {
	if len(dst) != f.C {
		panic(fmt.Sprintf("kernel: %d sums for %d channels", len(dst), f.C))
	}
	const chunk = 1024
	p.Run(f.blocks(), func(worker, b int) {
		var total [lane]float64
		part := p.scratch[worker].get(scratchOutput, lane)
		for first := 0; first < f.span(); first += chunk {
			clear(part)
			p.impl.sum(sum{out: part, in: f.data[b*f.plane+first*lane:],
				positions: min(chunk, f.span()-first)})
			for k, v := range part {
				total[k] += float64(v)
			}
		}
		if b*lane < f.C {
			copy(dst[b*lane:], total[:])
		}
	})
}

// AddProduct adds m F and, to every position, bias to dst: the gradient of a
// cost of the Gram matrix and the means of F, the feature maps of f. m is
// symmetric, C x C; bias is C long or nil. Afterwards the border of dst has no
// meaning, as that of every gradient.
func (p *Pool) AddProduct(dst *Tensor, m *Matrix, f *Tensor, bias []float32) {
	dst.same(&f.shape)
	if m.Rows != f.C || m.Cols != f.C || bias != nil && len(bias) != f.C {
		panic(fmt.Sprintf("kernel: matrix of %d x %d and bias of %d for %d channels", m.Rows, m.Cols, len(bias), f.C))
	}
	// The rows of a map are one run of positions, the border left and right of
	// them included.
	var (
		impl      = p.impl
		padded    = make([]float32, f.blocks()*lane)
		positions = f.H * f.row / lane
		perTask   = max(1, chunkElements/(f.blocks()*lane*impl.rows)) * impl.rows
	)
	copy(padded, bias)
	p.Run((positions+perTask-1)/perTask, func(worker, i int) {
		var (
			first  = i * perTask
			n      = min(perTask, positions-first)
			groups = n / impl.rows
			from   = f.row + first*lane
			to     = dst.row + first*lane
		)
		for k := 0; k < f.blocks(); k += impl.panels {
			a := product{
				out: dst.data[k*dst.plane+to:], in: f.data[from:], w: m.data[k*m.panel:], bias: padded[k*lane:],
				products: 1, panels: min(impl.panels, f.blocks()-k), steps: f.blocks(), groups: groups,
				inStep: f.plane, inGroup: impl.rows * lane,
				outPanel: dst.plane, outGroup: impl.rows * lane,
				wPanel: m.panel,
				floor:  float32(math.Inf(-1)), accumulate: true,
			}
			if groups > 0 {
				impl.product(a)
			}
			if rest := n - groups*impl.rows; rest > 0 {
				// A full group would reach beyond the rows.
				a.in, a.groups, a.accumulate = a.in[groups*a.inGroup:], 1, false
				a.out, a.outPanel = p.scratch[worker].get(scratchOutput, a.panels*impl.rows*lane), impl.rows*lane
				impl.product(a)
				for q := range a.panels {
					addScaled(dst.data[(k+q)*dst.plane+to+groups*a.inGroup:][:rest*lane], 1, a.out[q*a.outPanel:])
				}
			}
		}
	})
}

// Multiply computes dst = a b. dst is neither a nor b.
func (p *Pool) Multiply(dst, a, b *Matrix) {
	if a.Cols != b.Rows || dst.Rows != a.Rows || dst.Cols != b.Cols {
		panic(fmt.Sprintf("kernel: product of %d x %d and %d x %d to %d x %d",
			a.Rows, a.Cols, b.Rows, b.Cols, dst.Rows, dst.Cols))
	}
	var (
		impl   = p.impl
		groups = (a.Rows + impl.rows - 1) / impl.rows
	)
	p.Run((dst.Panels()+impl.panels-1)/impl.panels, func(_, i int) {
		k := i * impl.panels
		impl.product(product{
			out: dst.data[k*dst.panel:], in: a.data, w: b.data[k*b.panel:], bias: zeroBias[:],
			products: 1, panels: min(impl.panels, dst.Panels()-k), steps: (a.Cols + lane - 1) / lane, groups: groups,
			inStep: a.panel, inGroup: impl.rows * lane,
			outPanel: dst.panel, outGroup: impl.rows * lane,
			wPanel: b.panel,
			floor:  float32(math.Inf(-1)),
		})
	})
}

// GramOfColumns computes dst = scale mᵀ m + diagonal I, from the products of
// every two columns of m.
func (p *Pool) GramOfColumns(dst, m *Matrix, scale, diagonal float32) {
	if dst == m || dst.Rows != m.Cols || dst.Cols != m.Cols {
		panic(fmt.Sprintf("kernel: products of the columns of %d x %d to %d x %d", m.Rows, m.Cols, dst.Rows, dst.Cols))
	}
	// A matrix lies in memory as a feature map whose positions are the rows.
	p.gramOf(dst, &Tensor{shape: shape{C: m.Cols, H: 1, W: m.Rows, plane: m.panel}, data: m.data}, scale, diagonal)
}
