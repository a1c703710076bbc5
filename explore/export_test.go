package explore

// Small is small.
var Small = small
