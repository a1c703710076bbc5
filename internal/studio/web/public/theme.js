// Sets the theme that a person has chosen before the page is drawn, so that no dark page
// flashes on the way to a light one. The colour of the browser's own bars follows.
{
  const root = document.documentElement
  const scheme = document.querySelector('meta[name="color-scheme"]')
  const bars = [...document.querySelectorAll('meta[name="theme-color"]')] // light, dark
  const colours = bars.map((bar) => bar.content)

  const follow = () => {
    const chosen = ['light', 'dark'].indexOf(root.dataset.theme)
    if (scheme) scheme.content = chosen < 0 ? 'light dark' : root.dataset.theme
    bars.forEach((bar, i) => { bar.content = colours[chosen < 0 ? i : chosen] })
  }

  try {
    root.dataset.theme = localStorage.getItem('theme') ?? 'auto'
  } catch {
    root.dataset.theme = 'auto' // the browser keeps nothing for this page
  }
  follow()
  new MutationObserver(follow).observe(root, { attributeFilter: ['data-theme'] })
}
