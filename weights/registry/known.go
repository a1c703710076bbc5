package registry

import (
	"slices"

	"github.com/pastiche-art/pastiche/weights"
)

// The conventions of the published networks: the means of ImageNet's pictures,
// as levels for the original authors' and as fractions for torchvision's.
var (
	levels = weights.Input{
		Channels: "rgb",
		Max:      255,
		Mean:     [3]float32{123.68, 116.779, 103.939},
		Std:      [3]float32{1, 1, 1},
	}
	fractions = weights.Input{
		Channels: "rgb",
		Max:      1,
		Mean:     [3]float32{0.485, 0.456, 0.406},
		Std:      [3]float32{0.229, 0.224, 0.225},
	}
)

var known = []Entry{
	{
		Name:    "builtin",
		Family:  "VGG-19, slim, to conv5_1",
		License: "MIT",
		Input:   fractions,
		Origin:  "trained for pastiche by a distilled VGG-19",
		Source:  builtinFile,
		Local:   builtinFile,
		BuiltIn: true,
	},
	{
		Name:    "vgg19",
		Family:  "VGG-19",
		License: "CC BY",
		Input:   levels,
		Origin:  "Simonyan and Zisserman 2014, converted by MatConvNet",
		Source: File{
			Size:   534_904_783,
			SHA256: "abdb57167f82a2a1fbab1e1c16ad9373411883f262a1a37ee5db2e6fb0044695",
		},
		URLs: []string{"https://www.vlfeat.org/matconvnet/models/imagenet-vgg-verydeep-19.mat"},
	},
	{
		Name:    "vgg19-torchvision",
		Family:  "VGG-19",
		License: "BSD-3-Clause",
		Input:   fractions,
		Origin:  "trained for torchvision",
		Source: File{
			Size:   574_673_361,
			SHA256: "dcbb9e9dad569fff7a846263a77324fc34978fea2bfb039c012d710e1776ae44",
		},
		URLs: []string{"https://download.pytorch.org/models/vgg19-dcbb9e9d.pth"},
	},
	{
		Name:    "vgg16",
		Family:  "VGG-16",
		License: "BSD-3-Clause",
		Input:   fractions,
		Origin:  "trained for torchvision",
		Source: File{
			Size:   553_433_881,
			SHA256: "397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
		},
		URLs: []string{"https://download.pytorch.org/models/vgg16-397923af.pth"},
	},
}

// builtinFile is the file that package weights embeds.
var builtinFile = File{
	Size:   2_047_032,
	SHA256: "c8fdf2405bc95cffeb4d8163d00cf2fa6b22d195900557be2626641bced01b2d",
}

// Known lists the networks that every store knows by name. All but the built-in
// one are as their makers published them.
func Known() []Entry { return slices.Clone(known) }
