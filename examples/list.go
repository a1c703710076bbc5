package examples

// Licences of the pictures.
const (
	byAge    = "Public domain (by age)"
	released = "Public domain (released by the author)"
	cc0      = "CC0 1.0"
	mit      = "MIT, as pastiche"
)

// Where the files come from.
const (
	openCV      = "OpenCV's samples"
	gcompris    = "GCompris, from the WebMuseum"
	commons     = "Wikimedia Commons, by way of GCompris"
	palapeli    = "Wikimedia Commons, by way of Palapeli"
	scikitImage = "scikit-image"
	strokes     = "examples/strokes"
)

const (
	ours     = "made for pastiche"
	ourYear  = "2026"
	hokusai  = "Katsushika Hokusai"
	woodcuts = "colour woodcut"
)

var paintings = []Picture{
	{"paintings/starry-night.jpg", "The Starry Night", "Vincent van Gogh", "1889", "oil", openCV, byAge},
	{"paintings/great-wave.jpg", "The Great Wave off Kanagawa", hokusai, "about 1831", woodcuts, gcompris, byAge},
	{"paintings/composition-viii.jpg", "Composition VIII", "Wassily Kandinsky", "1923", "oil", gcompris, byAge},
	{"paintings/village-street.jpg", "Village Street in Auvers", "Vincent van Gogh", "1890", "oil", gcompris, byAge},
	{"paintings/summertime.jpg", "Summertime", "Mary Cassatt", "1894", "oil", gcompris, byAge},
	{"paintings/moulin-de-la-galette.jpg", "Bal du moulin de la Galette", "Pierre-Auguste Renoir", "1876", "oil", gcompris, byAge},
	{"paintings/ejiri.jpg", "Ejiri in Suruga Province", hokusai, "about 1830", woodcuts, gcompris, byAge},
	{"paintings/poppies-in-the-wind.jpg", "Poppies", hokusai, "about 1833", woodcuts, gcompris, byAge},
	{"paintings/ryogoku-bridge.jpg", "Sunset over the Ryogoku Bridge", hokusai, "about 1830", woodcuts, gcompris, byAge},
	{"paintings/kazusa.jpg", "The Kazusa Sea Route", hokusai, "about 1830", woodcuts, gcompris, byAge},
	{"paintings/mackerel-and-prawns.jpg", "Horse Mackerel and Prawns", "Utagawa Hiroshige", "about 1840", woodcuts, gcompris, byAge},
	{"paintings/inokashira-snow.jpg", "The Benzaiten Shrine at Inokashira in Snow", "Utagawa Hiroshige", "", woodcuts, gcompris, byAge},
	{"paintings/woman-with-fan.jpg", "Woman Holding a Fan", hokusai, "", "ink and colour", gcompris, byAge},
	{"paintings/oiran.jpg", "Oiran and Kamuro", hokusai, "", "ink and colour", gcompris, byAge},
	{"paintings/ramparts.jpg", "The Ramparts at Aigues-Mortes", "Frédéric Bazille", "1867", "oil", gcompris, byAge},
	{"paintings/harvesters.jpg", "The Harvesters", "Pieter Bruegel the Elder", "1565", "oil", gcompris, byAge},
	{"paintings/spring.jpg", "Spring", "Giuseppe Arcimboldo", "1573", "oil", gcompris, byAge},
	{"paintings/pesaro-castle.jpg", "A Castle, from the Pesaro Altarpiece", "Giovanni Bellini", "about 1475-1485", "oil", gcompris, byAge},
	{"paintings/sunset.jpg", "Cypresses at a Bay", ours, ourYear, "swirling oil", strokes, mit},
	{"paintings/lily-pond.jpg", "A Lily Pond", ours, ourYear, "oil", strokes, mit},
	{"paintings/river.jpg", "Sails on a Summer Evening", ours, ourYear, "pointillism", strokes, mit},
	{"paintings/dolphins.jpg", "Dolphins Before a Low Sun", ours, ourYear, "mosaic", strokes, mit},
	{"paintings/moonrise.jpg", "A Mountain Lake in Winter", ours, ourYear, "woodcut", strokes, mit},
	{"paintings/poppies.jpg", "Poppies by a Lake", ours, ourYear, "watercolour", strokes, mit},
	{"paintings/rings.jpg", "Rings in Squares", ours, ourYear, "watercolour", strokes, mit},
	{"paintings/harvest.jpg", "Haystacks Under a Large Sun", ours, ourYear, "reed pen", strokes, mit},
	{"paintings/hill-town.jpg", "Houses on a Hill", ours, ourYear, "cubist facets", strokes, mit},
	{"paintings/valley.jpg", "A River Valley at Sunrise", ours, ourYear, "stained glass", strokes, mit},
	{"paintings/rose-window.jpg", "A Rose Window", ours, ourYear, "stained glass", strokes, mit},
	{"paintings/dunes.jpg", "Riders in the Desert", ours, ourYear, "screen print", strokes, mit},
	{"paintings/koi.jpg", "Koi Under Lily Pads", ours, ourYear, "colour woodcut", strokes, mit},
	{"paintings/lighthouse.jpg", "A Lighthouse in a Storm", ours, ourYear, "etching", strokes, mit},
	{"paintings/birches.jpg", "A Birch Wood in Autumn", ours, ourYear, "pastel", strokes, mit},
	{"paintings/balloons.jpg", "Balloons Over the Fields", ours, ourYear, "crayon", strokes, mit},
	{"paintings/pears.jpg", "Pears and a Jug", ours, ourYear, "charcoal", strokes, mit},
	{"paintings/harbour.jpg", "Boats in a Harbour", ours, ourYear, "palette knife", strokes, mit},
	{"paintings/gorge.jpg", "Mountains in the Mist", ours, ourYear, "ink wash", strokes, mit},
	{"paintings/gold-leaf.jpg", "A Tree of Spirals", ours, ourYear, "gold leaf", strokes, mit},
	{"paintings/jungle.jpg", "A Toucan in the Jungle", ours, ourYear, "batik", strokes, mit},
	{"paintings/caravel.jpg", "A Ship Under Full Sail", ours, ourYear, "tiles", strokes, mit},
	{"paintings/wreath.jpg", "A Bird in a Wreath", ours, ourYear, "embroidery", strokes, mit},
	{"paintings/cottage.jpg", "A Cottage in a Garden", ours, ourYear, "cross-stitch", strokes, mit},
	{"paintings/endpaper.jpg", "A Combed Endpaper", ours, ourYear, "marbled paper", strokes, mit},
	{"paintings/bars.jpg", "Red, Yellow and Blue", ours, ourYear, "plain colours", strokes, mit},
}

var photos = []Picture{
	{"photos/castle.jpg", "Neuschwanstein Castle", "cameralends", "", "photo", commons, cc0},
	{"photos/cat.jpg", "Chelsea the cat", "Stéfan van der Walt", "", "photo", scikitImage, cc0},
	{"photos/horses.jpg", "Horses on a meadow", "Seth Zeigler", "", "photo", commons, cc0},
	{"photos/chenonceau.jpg", "The Château de Chenonceau", "Alf van Beem", "", "photo", commons, released},
	{"photos/bridge.jpg", "The Roebling Bridge at night", "Derek Jensen", "", "photo", palapeli, released},
	{"photos/great-wall.jpg", "The Great Wall", "Nicolas Perrault III", "2006", "photo", commons, cc0},
	{"photos/astronaut.jpg", "The astronaut Eileen Collins", "NASA", "", "photo", scikitImage, "Public domain (US government)"},
	{"photos/bee.jpg", "A bee on an aster", "John Severns", "", "photo", palapeli, released},
	{"photos/coffee.jpg", "A cup of espresso", "Rachel Michetti", "", "photo", scikitImage, cc0},
}

var triples = []Triple{
	{"photos/castle.jpg", "paintings/starry-night.jpg", "triples/castle-starry-night.jpg"},
	{"photos/cat.jpg", "paintings/great-wave.jpg", "triples/cat-great-wave.jpg"},
	{"photos/chenonceau.jpg", "paintings/sunset.jpg", "triples/chenonceau-sunset.jpg"},
}
