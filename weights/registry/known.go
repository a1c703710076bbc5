package registry

import "github.com/pastiche-art/pastiche/weights"

// wellKnown are the networks that every store knows by name. All except the built-in one
// are as their authors published them.
var wellKnown = []Entry{
	{
		Name:    "builtin",
		Family:  "VGG-19, slim, to conv5_1",
		License: "MIT",
		Input:   weights.TorchvisionInput,
		Origin:  "trained for pastiche by a distilled VGG-19",
		Source:  builtinFile,
		Local:   builtinFile,
		BuiltIn: true,
	},
	{
		Name:    "vgg19",
		Family:  "VGG-19",
		License: "CC BY",
		Input:   weights.MatConvNetInput,
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
		Input:   weights.TorchvisionInput,
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
		Input:   weights.TorchvisionInput,
		Origin:  "trained for torchvision",
		Source: File{
			Size:   553_433_881,
			SHA256: "397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
		},
		URLs: []string{"https://download.pytorch.org/models/vgg16-397923af.pth"},
	},
	{
		Name:    "vgg19-slim",
		Family:  "VGG-19, slim, to conv5_1",
		License: "MIT, Huan Wang et al.; VGG-19: CC BY 4.0, Visual Geometry Group",
		Input:   weights.PlainInput, // the input of its 1x1 convolution
		Origin:  "distilled from VGG-19 by Huan Wang et al. 2020, Collaborative Distillation",
		Source: File{
			Size:   3_862_288,
			SHA256: "9417c34d0d8d621bc6af78be745f1b8d30f5f210efa01e50655c60eb3770816b",
		},
		// The same file at two commits of its repository.
		URLs: []string{
			"https://raw.githubusercontent.com/MingSun-Tse/Collaborative-Distillation/4a269dc/trained_models/wct_se_16x_new/20191109-211322_E20.pth",
			"https://raw.githubusercontent.com/MingSun-Tse/Collaborative-Distillation/75c1b81c1dbea11c96d3fb04e96f207dee16dcbb/trained_models/wct_se_16x_new/20191109-211322_E20.pth",
		},
	},
}

// builtinFile is the file that package weights embeds.
var builtinFile = File{
	Size:   2_047_032,
	SHA256: "c8fdf2405bc95cffeb4d8163d00cf2fa6b22d195900557be2626641bced01b2d",
}
