// Small things that the browser remembers. A browser that stores nothing, as where
// cookies are blocked, forgets them at the next visit.

export function recall(name: string): string | null {
  try {
    return localStorage.getItem(name)
  } catch {
    return null
  }
}

export function remember(name: string, value: string): void {
  try {
    localStorage.setItem(name, value)
  } catch {
    // forgotten at the next visit
  }
}
