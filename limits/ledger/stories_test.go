package ledger

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

var update = flag.Bool("update", false, "write what the stories print into testdata/*.txt")

// Each story of testdata is run twice, on the model of the ledger and on ledger.lua in a Redis, and
// prints the same. testdata/README.md lists the commands.
func TestStories(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d stories, %v", len(files), err)
	}
	client := startServer(t).client(t)
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		t.Run(name, func(t *testing.T) {
			blocks, err := readStory(file)
			if err != nil {
				t.Fatal(err)
			}
			onModel, err := runStory(t, file, blocks, newModelLedger("", "clock"))
			if err != nil {
				t.Fatal(err)
			}
			script := redis.NewScript(virtual(ledgerSource))
			onScript, err := runStory(t, file, blocks,
				&scriptLedger{client: client, script: script, base: "{" + name + "}"})
			if err != nil {
				t.Fatal(err)
			}
			for i, b := range blocks {
				switch at := fmt.Sprintf("%s:%d", file, b.line); {
				case onModel[i] != onScript[i]:
					t.Errorf("%s: the model prints\n%sthe script prints\n%s", at, onModel[i], onScript[i])
				case onModel[i] != b.want && !*update:
					t.Errorf("%s: printed\n%swant\n%s", at, onModel[i], b.want)
				}
			}
			if *update && !t.Failed() {
				writeStory(t, file, blocks, onModel)
			}
		})
	}
}

// runStory returns what each block prints.
func runStory(t *testing.T, file string, blocks []block, l storyLedger) ([]string, error) {
	t.Helper()
	s := newStory(t, l)
	defer s.end()
	var printed []string
	for _, b := range blocks {
		s.out.Reset()
		for _, c := range b.commands {
			if err := s.run(c.words); err != nil {
				return nil, fmt.Errorf("%s:%d: %w", file, c.line, err)
			}
		}
		printed = append(printed, s.out.String())
	}
	return printed, nil
}

// A block is a few commands and what they print.
type block struct {
	line     int    // of its first command
	text     string // all above the line of dashes, comments included
	commands []storyCommand
	want     string
}

type storyCommand struct {
	line  int
	words []string
}

const dashes = "----"

// readStory reads commands until a line of dashes, and what they print until an empty line.
func readStory(file string) (blocks []block, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	b, printing := block{}, false
	for i, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		switch {
		case printing && line != "":
			b.want += line + "\n"
			continue
		case printing:
			blocks, b, printing = append(blocks, b), block{}, false
			continue
		case line == dashes:
			printing = true
			if len(b.commands) == 0 {
				return nil, fmt.Errorf("%s:%d: no command stands above the dashes", file, i+1)
			}
			continue
		}
		b.text += line + "\n"
		if words := strings.Fields(line); len(words) > 0 && words[0] != "#" {
			b.commands = append(b.commands, storyCommand{i + 1, words})
			b.line = b.commands[0].line
		}
	}
	if !printing {
		return nil, fmt.Errorf("%s: the last commands have no line of dashes below", file)
	}
	return append(blocks, b), nil
}

func writeStory(t *testing.T, file string, blocks []block, printed []string) {
	t.Helper()
	var text []string
	for i, b := range blocks {
		text = append(text, b.text+dashes+"\n"+printed[i])
	}
	if err := os.WriteFile(file, []byte(strings.Join(text, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A line that is no command is an error that names its place.
func TestStoriesRefuseWhatIsNoCommand(t *testing.T) {
	for text, want := range map[string]string{
		"# x\ngateways 1\nadmitt a\n----\n":  `story.txt:3: "admitt" is no command`,
		"gateways 1\nadmit b\n----\n":        `story.txt:2: "b" is no gateway that runs`,
		"gateways 1\nadvance soon\n----\n":   `story.txt:2: "soon" is no duration`,
		"gateways 1\nflush now\n----\n":      `story.txt:2: "now" is one word too many`,
		"gateways 1\nfreeze\n----\n\nflush":  `story.txt: the last commands have no line of dashes below`,
		"# nothing\n----\n":                  `story.txt:2: no command stands above the dashes`,
		"gateways 1 quota 10\n----\n":        `story.txt:1: "10" is no quota, such as 10/h`,
		"gateways 1\nadmit a 3\n----\n":      `story.txt:2: "3" is no number of times, such as x5`,
		"gateways 1\npolicy x at\n----\n":    `story.txt:2: the name of a gateway is missing`,
		"gateways 1\nraise 1 until 5m\n----": `story.txt:2: "until" stands where "for" should`,
		"admit a\n----\n":                    `story.txt:1: "a" is no gateway that runs`,
	} {
		file := filepath.Join(t.TempDir(), "story.txt")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		blocks, err := readStory(file)
		if err == nil {
			_, err = runStory(t, file, blocks, newModelLedger("", "clock"))
		}
		if err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// The page for those who write stories has all commands.
func TestStoryCommandsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("testdata/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for name := range storyCommands {
		text := string(page)
		if !strings.Contains(text, "`"+name+" ") && !strings.Contains(text, "`"+name+"`") {
			t.Errorf("testdata/README.md does not have the command %s", name)
		}
	}
}
