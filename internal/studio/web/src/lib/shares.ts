// How much of each of several styles is mixed.

export const leastPercent = 5

// percents returns shares in whole percents.
export function percents(shares: number[]): number[] {
  const sum = shares.reduce((a, b) => a + b, 0)
  return shares.map((s) => Math.round((100 * s) / sum))
}

// withPercent returns shares of which one is some percent, and the others are in
// proportion what they were. Their mean is 1.
export function withPercent(shares: number[], index: number, percent: number): number[] {
  const most = 100 - leastPercent * (shares.length - 1)
  const share = (shares.length * Math.min(most, Math.max(leastPercent, percent))) / 100
  const others = shares.reduce((sum, s, i) => (i === index ? sum : sum + s), 0)
  return shares.map((s, i) => (i === index ? share : (s * (shares.length - share)) / others))
}
