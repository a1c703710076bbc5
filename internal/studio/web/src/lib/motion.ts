// still reports whether the person asked for reduced motion.
export const still = () => matchMedia('(prefers-reduced-motion: reduce)').matches

// motion returns how a script scrolls: gliding, unless the person asked for reduced
// motion. CSS asks by itself.
export const motion = (): ScrollBehavior => (still() ? 'instant' : 'smooth')
