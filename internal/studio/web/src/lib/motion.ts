// motion returns how a script scrolls: gliding, unless the person asked for reduced
// motion. CSS asks by itself.
export function motion(): ScrollBehavior {
  return matchMedia('(prefers-reduced-motion: reduce)').matches ? 'instant' : 'smooth'
}
