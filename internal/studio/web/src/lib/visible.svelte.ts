// Whether the page is out of view, as App sees it. No previews are downloaded then.
export const visible = $state({ hidden: false })
