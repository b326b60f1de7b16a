package main

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// Every command that a page shows is one that brana understands: its verb, its
// flags and their values.
func TestCommandsOfThePages(t *testing.T) {
	commands := map[string]string{} // the page of each
	for _, file := range pages(t) {
		for _, command := range commandsOf(t, file) {
			commands[command] = file
		}
	}
	if len(commands) < 60 {
		t.Errorf("found only %d commands", len(commands))
	}
	t.Chdir(t.TempDir())
	for command, file := range commands {
		args := shellWords(command)
		for _, arg := range args {
			if regexp.MustCompile(`^[\w-]+\.(pem|key|pub|xml|json|yaml|jsonl)$`).MatchString(arg) {
				if err := os.WriteFile(arg, nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := understood(args); err != nil {
			t.Errorf("%s: brana %s: %v", filepath.Base(file), command, err)
		}
	}
}

// understood parses a command as run does, and runs nothing.
func understood(args []string) error {
	parser, err := kong.New(&cli{}, kong.Name("brana"), kong.Exit(func(int) {}),
		kong.Writers(io.Discard, io.Discard), kong.Vars{"url": defaultURL})
	if err == nil {
		_, err = parser.Parse(args)
	}
	return err
}

// commandsOf are the commands in the code blocks of a page, and those with flags
// in its text; without the word brana.
func commandsOf(t *testing.T, file string) (commands []string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?ms)^```(?:sh)?\n(.*?)^```").FindAllStringSubmatch(string(text), -1)
	call := regexp.MustCompile(`^(?:\$ )?(?:go run \./cmd/brana|\./brana|brana) (.*)`)
	end := regexp.MustCompile(`( #| > | && | \| |$).*`)
	for _, block := range blocks {
		joined := strings.ReplaceAll(block[1], "\\\n", " ")
		for line := range strings.Lines(joined) {
			if m := call.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
				commands = append(commands, end.ReplaceAllString(m[1], ""))
			}
		}
	}
	inText := regexp.MustCompile("`brana ([^`…]* --[^`…]*)`")
	for _, line := range prose(t, file) {
		for _, m := range inText.FindAllStringSubmatch(line, -1) {
			commands = append(commands, m[1])
		}
	}
	return commands
}

// shellWords splits a command as a shell does, by blanks outside quotes.
func shellWords(command string) (words []string) {
	word := regexp.MustCompile(`(?:'[^']*'|"[^"]*"|[^\s'"])+`)
	for _, w := range word.FindAllString(command, -1) {
		words = append(words, regexp.MustCompile(`'([^']*)'|"([^"]*)"`).ReplaceAllString(w, "$1$2"))
	}
	return words
}
