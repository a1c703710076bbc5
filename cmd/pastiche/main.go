// Command pastiche paints a photograph in the manner of other pictures.
//
// The way of a command: the file of its verb holds its constructor, its flags,
// which fill the options of a package below (painter for those that paint), and
// its run function, which calls that package and prints the results. Errors come
// back to package cli, which alone prints them, with the exit codes of this file.
package main

import (
	"errors"
	"os"

	"github.com/spf13/cobra"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/internal/jobs"
	"github.com/pastiche-art/pastiche/internal/kernel"
	"github.com/pastiche-art/pastiche/internal/vgg"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
	"github.com/pastiche-art/pastiche/weights/registry"
)

// exitCodesHelp is the only list of exit codes for users.
const exitCodesHelp = `Every command ends with one of these codes:
    0  success
    1  an unexpected failure
    2  wrong usage: a flag, an unknown name, a kernel that this machine lacks
    3  an input cannot be read: a picture or a network
    4  an output cannot be written
    5  the costs diverged; the best picture so far is saved
    6  the server refuses access: ` + jobs.KeyVariable + ` holds no API key of it
  130  interrupted; a painting is saved as it is, and files that were fetched stay

Of several paintings, the code is that of those that failed, or 1 where they
failed for several reasons.`

// exitCode returns the exit code of a command that ended with err.
func exitCode(err error) int {
	if code := cli.ExitCode(err); code != cli.ExitFailure {
		return code
	}
	var (
		option   *paint.OptionError
		layer    *vgg.LayerError
		size     *vgg.SizeError
		memory   *paint.MemoryError
		absent   *kernel.UnavailableError
		diverged *paint.DivergedError
	)
	switch {
	case errors.Is(err, paint.ErrTransparent):
		return cli.ExitInput
	case errors.Is(err, picture.ErrWrite):
		return cli.ExitOutput
	case errors.As(err, &option), errors.As(err, &layer), errors.As(err, &size), errors.As(err, &memory), errors.As(err, &absent):
		return cli.ExitUsage
	case errors.As(err, &diverged):
		return cli.ExitDiverged
	}
	return cli.ExitFailure
}

// environmentHelp is the only list of environment variables for users.
const environmentHelp = `Every flag of every command may be given by a variable: PASTICHE_ and the flag's
name in capitals, with _ for -. A flag on the command line wins over its variable,
and an empty variable counts as none.
  PASTICHE_LOG_FORMAT=json pastiche serve   # pastiche serve --log-format json

These variables have no flag:
  ` + kernel.Variable + `   implementation of the engine to run instead of the fastest one; 'pastiche version' lists those of this machine
  ` + registry.HomeVariable + `     folder of networks (default pastiche in $XDG_DATA_HOME or where the system keeps the data of programs)
  ` + registry.MirrorVariable + `   URL or folder to pull networks from instead of their origin, or several with commas between them; files have the same names
  ` + jobs.KeyVariable + `  API key of the server that 'pastiche jobs' uses
  HTTPS_PROXY       proxy to pull networks through; NO_PROXY lists hosts without`

func main() { os.Exit(newProgram().Run()) }

// newProgram returns the whole program.
func newProgram() *cli.Program {
	p := &cli.Program{
		Root: newRootCommand(),
		Arguments: map[string]string{
			"CONTENT": "a picture", "VIDEO": "a video", "STYLE": "a picture", "PICTURE": "a picture", "PHOTO": "a picture", "PAINTING": "a picture", "IMAGE": "a picture",
			"FILE": "a file", "FILE|NAME": "a file or the name of a network", "NAME|FILE": "the name of a recipe or a file", "DIR": "a folder", "NAME": "the name of a network", "ID": "the id of a job",
		},
		Meant:    meantParameter,
		ExitCode: exitCode,
	}
	p.Prepare()
	return p
}

func newRootCommand() *cobra.Command {
	s := programSource()
	root := &cobra.Command{
		Use:   "pastiche",
		Short: "Paint a photograph in the manner of other pictures",
		Long: `pastiche paints a photograph in the manner of other pictures: neural style
transfer, on the processor, offline.

Begin with two pictures of your own:
  pastiche paint photo.jpg painting.jpg

'pastiche COMMAND --help' explains a command, 'pastiche help exit-codes' the exit codes,
and 'pastiche help environment' the environment variables.`,
		Version: s.Version,
		Args:    commandWord,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetVersionTemplate("{{.Name}} {{.Version}}\n")
	root.Flags().BoolP("version", "v", false, "print the version")
	for _, g := range []struct {
		title    string
		commands []*cobra.Command
	}{
		{"Commands that paint:", []*cobra.Command{newPaintCommand(), newVideoCommand(), newExploreCommand(), newTextureCommand(), newReconstructCommand()}},
		{"Commands about pictures and networks:", []*cobra.Command{
			newRecipesCommand(), newShowCommand(), newScoreCommand(), newFeaturesCommand(), newBenchCommand(), newNetworksCommand(),
		}},
		{"Commands of a server:", []*cobra.Command{newServeCommand(), newWorkerCommand(), newHealthCommand()}},
		{"Commands that use a server:", []*cobra.Command{newJobsCommand()}},
	} {
		root.AddGroup(&cobra.Group{ID: g.title, Title: g.title})
		for _, cmd := range g.commands {
			cmd.GroupID = g.title
			root.AddCommand(cmd)
		}
	}
	root.AddCommand(newVersionCommand(), cli.NewManCommand(s.Version, s.Date),
		&cobra.Command{Use: "exit-codes", Short: "The exit codes of all commands", Long: exitCodesHelp},
		&cobra.Command{Use: "environment", Short: "Environment variables, which may give every flag", Long: environmentHelp})
	return root
}

// commandWord is [cli.CommandWord], but for a file it names the command that paints.
func commandWord(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		if info, err := os.Stat(args[0]); err == nil && info.Mode().IsRegular() {
			return cli.Misused("no command %q: to paint it, write 'pastiche paint' before it", args[0])
		}
	}
	return cli.CommandWord(cmd, args)
}
