package kernel

import (
	"fmt"
	"math"
)

const (
	// maxStripes bounds the number of partial sums of a Gram matrix, and
	// maxPartialElements the memory that they take.
	maxStripes         = 16
	maxPartialElements = 1 << 20
	// minStripe is the smallest number of positions of a partial sum.
	minStripe = 512
	// chunkElements is the number of elements of a feature map that stay in the cache
	// while all products of its channels are computed.
	chunkElements = 1 << 16
	// gramTaskRows is the number of rows of a Gram matrix that a task computes.
	gramTaskRows = 64
	// sumTask is the number of positions that a task sums, and sumChunk the number of
	// positions whose sum is accumulated in float32.
	sumTask  = 1 << 13
	sumChunk = 1 << 10
)

// Gram computes dst = F Fᵀ, C x C, where F is f as a matrix of C x (H*W): the sum over
// all positions of the products of every two channels.
func (p *Pool) Gram(dst *Matrix, f *Tensor) {
	if dst.Rows != f.C || dst.Cols != f.C {
		panic(fmt.Sprintf("kernel: Gram matrix of %d x %d for %d channels", dst.Rows, dst.Cols, f.C))
	}
	p.gramOf(dst, f, 1, 0)
}

// gramOf computes dst = scale F Fᵀ + diagonal I.
func (p *Pool) gramOf(dst *Matrix, f *Tensor, scale, diagonal float32) {
	// The positions are divided into stripes, by shape alone. Each stripe has a partial
	// sum, and the partial sums are added in order.
	first, n := f.span()
	var (
		stripes = max(1, min(maxStripes, maxPartialElements/(dst.panel*f.blocks()), n/minStripe))
		stripe  = (n + stripes - 1) / stripes
		size    = len(dst.data)
		bands   = (f.C + gramTaskRows - 1) / gramTaskRows
	)
	p.partials = grow(p.partials, (stripes-1)*size)
	sum := func(stripe int) []float32 { // the first stripe uses dst itself
		if stripe == 0 {
			return dst.data
		}
		return p.partials[(stripe-1)*size:][:size]
	}
	dst.Clear()
	clear(p.partials)
	p.Run(stripes*bands, func(_, i int) {
		s, band := i/bands, i%bands
		p.gramBand(sum(s), dst.panel, f,
			band*gramTaskRows, min((band+1)*gramTaskRows, f.C), first+s*stripe, first+min((s+1)*stripe, n))
	})
	if stripes > 1 {
		p.Run(f.blocks(), func(_, b int) {
			first, end := b*dst.panel, b*dst.panel+(b+1)*lanes*lanes
			for s := 1; s < stripes; s++ {
				p.addScaled(dst.data[first:end], 1, sum(s)[first:end])
			}
		})
	}
	dst.mirror(scale, diagonal)
}

// mirror completes a symmetric matrix of which only the elements on and above the
// diagonal are known: it multiplies them by scale, copies them below the diagonal, and
// adds diagonal to the diagonal.
func (m *Matrix) mirror(scale, diagonal float32) {
	for b := range m.Panels() {
		panel := m.Panel(b)
		for r := range min((b+1)*lanes, m.Rows) {
			row := panel[r*lanes:][:lanes]
			for c := max(0, r-b*lanes); c < lanes; c++ {
				row[c] *= scale
			}
		}
	}
	for b := range m.Panels() {
		panel := m.Panel(b)
		for r := b * lanes; r < m.Rows; r++ {
			above, row := m.Panel(r / lanes)[b*lanes*lanes+r%lanes:], panel[r*lanes:][:lanes]
			for c := range min(lanes, r-b*lanes) {
				row[c] = above[c*lanes]
			}
		}
	}
	m.AddDiagonal(diagonal)
}

// gramBand adds, to out, the products of the channels from top to bottom-1 with
// themselves and all later channels, over the positions from first to last-1.
func (p *Pool) gramBand(out []float32, panel int, f *Tensor, top, bottom, first, last int) {
	var (
		impl  = p.impl
		chunk = max(1, chunkElements/(f.blocks()*lanes))
		width = impl.panels * lanes
	)
	for ; first < last; first += chunk {
		for r := top; r < bottom; r += impl.syrkRows {
			for c := r / width * width; c < f.C; c += width {
				impl.syrk(syrk{
					out:       out[c/lanes*panel+r*lanes:],
					a:         f.data[r/lanes*f.plane+first*lanes+r%lanes:],
					b:         f.data[c/lanes*f.plane+first*lanes:],
					panels:    min(impl.panels, f.blocks()-c/lanes),
					positions: min(chunk, last-first),
					outPanel:  panel, bPanel: f.plane,
				})
			}
		}
	}
}

// Sums computes the sum of each channel of f over all positions: dst has length C.
func (p *Pool) Sums(dst []float64, f *Tensor) {
	if len(dst) != f.C {
		panic(fmt.Sprintf("kernel: %d sums for %d channels", len(dst), f.C))
	}
	first, n := f.span()
	var (
		ranges = (n + sumTask - 1) / sumTask
		parts  = make([][lanes]float64, f.blocks()*ranges)
	)
	p.Run(len(parts), func(worker, i int) {
		part := p.scratch[worker].get(scratchOutput, lanes)
		b, end := i/ranges, min((i%ranges+1)*sumTask, n)
		for at := i % ranges * sumTask; at < end; at += sumChunk {
			clear(part)
			p.impl.sum(sum{out: part, in: f.data[b*f.plane+(first+at)*lanes:], positions: min(sumChunk, end-at)})
			for k, v := range part {
				parts[i][k] += float64(v)
			}
		}
	})
	clear(dst)
	for i, part := range parts {
		for k := range min(lanes, f.C-i/ranges*lanes) {
			dst[i/ranges*lanes+k] += part[k]
		}
	}
}

// AddProduct adds the product m F to dst, where F is f as a matrix of C x (H*W), and
// adds bias to every position. With it, a cost of the Gram matrix and the means of f
// adds its gradient. m is symmetric, C x C; bias has length C or is nil. dst is a
// gradient: its border is undefined afterwards.
func (p *Pool) AddProduct(dst *Tensor, m *Matrix, f *Tensor, bias []float32) {
	dst.same(&f.shape)
	if m.Rows != f.C || m.Cols != f.C || bias != nil && len(bias) != f.C {
		panic(fmt.Sprintf("kernel: matrix of %d x %d and bias of %d for %d channels", m.Rows, m.Cols, len(bias), f.C))
	}
	// The rows of a map, with the borders between them, are one run of positions.
	var (
		impl      = p.impl
		padded    = make([]float32, f.blocks()*lanes)
		positions = f.H * f.row / lanes
		perTask   = max(1, chunkElements/(f.blocks()*lanes*impl.rows)) * impl.rows
	)
	copy(padded, bias)
	p.Run((positions+perTask-1)/perTask, func(worker, i int) {
		var (
			first  = i * perTask
			n      = min(perTask, positions-first)
			groups = n / impl.rows
			from   = f.row + first*lanes
			to     = dst.row + first*lanes
		)
		for k := 0; k < f.blocks(); k += impl.panels {
			a := gemm{
				out: dst.data[k*dst.plane+to:], in: f.data[from:], w: m.data[k*m.panel:], bias: padded[k*lanes:],
				products: 1, panels: min(impl.panels, f.blocks()-k), steps: f.blocks(), groups: groups,
				inStep: f.plane, inGroup: impl.rows * lanes,
				outPanel: dst.plane, outGroup: impl.rows * lanes,
				wPanel: m.panel,
				floor:  float32(math.Inf(-1)), accumulate: true,
			}
			if groups > 0 {
				impl.gemm(a)
			}
			if rest := n - groups*impl.rows; rest > 0 {
				// A full group would write beyond the rows.
				a.in, a.groups, a.accumulate = a.in[groups*a.inGroup:], 1, false
				a.out, a.outPanel = p.scratch[worker].get(scratchOutput, a.panels*impl.rows*lanes), impl.rows*lanes
				impl.gemm(a)
				for q := range a.panels {
					p.addScaled(dst.data[(k+q)*dst.plane+to+groups*a.inGroup:][:rest*lanes], 1, a.out[q*a.outPanel:])
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
		impl.gemm(gemm{
			out: dst.data[k*dst.panel:], in: a.data, w: b.data[k*b.panel:], bias: zeroBias[:],
			products: 1, panels: min(impl.panels, dst.Panels()-k), steps: (a.Cols + lanes - 1) / lanes, groups: groups,
			inStep: a.panel, inGroup: impl.rows * lanes,
			outPanel: dst.panel, outGroup: impl.rows * lanes,
			wPanel: b.panel,
			floor:  float32(math.Inf(-1)),
		})
	})
}

// GramOfColumns computes dst = scale mᵀ m + diagonal I.
func (p *Pool) GramOfColumns(dst, m *Matrix, scale, diagonal float32) {
	if dst == m || dst.Rows != m.Cols || dst.Cols != m.Cols {
		panic(fmt.Sprintf("kernel: products of the columns of %d x %d to %d x %d", m.Rows, m.Cols, dst.Rows, dst.Cols))
	}
	// A matrix is stored like a feature map with a position for each row.
	p.gramOf(dst, &Tensor{shape: shape{C: m.Cols, H: 1, W: m.Rows, plane: m.panel}, data: m.data}, scale, diagonal)
}
