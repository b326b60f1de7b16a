package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
	_ "time/tzdata" // Prague must be known in a container without zone files too
)

// Config names the files of a policy.
type Config struct {
	// Dir is the directory of the files with grants and identities. Every *.yaml in
	// it is read, but not its folders. A directory without a list of grants is a
	// mistake, for it would revoke everything.
	Dir string
	// MatrixFile is the CSV file of the matrix. Empty means an empty matrix: every
	// item of ROB and ROS is refused.
	MatrixFile string
	// Environment is the one whose grants hold. Grants of the other one are checked,
	// but never match.
	Environment Environment
	// Publisher means that the gateway stands before a publisher, so that identities may
	// be of the bus. Elsewhere one of the bus is a mistake.
	Publisher bool
}

// Load reads a policy. Its error joins all mistakes, each as
// "file:line:col: what is wrong: what to do". Then there is no snapshot.
func Load(c Config) (*Snapshot, error) {
	return load(c, files{
		list: os.ReadDir,
		open: func(name string) (fs.File, error) { return os.Open(name) },
		join: func(dir, name string) string { return filepath.Join(dir, name) },
	})
}

// LoadFS is Load with the paths of the configuration within a file system.
func LoadFS(fsys fs.FS, c Config) (*Snapshot, error) {
	return load(c, files{
		list: func(dir string) ([]fs.DirEntry, error) { return fs.ReadDir(fsys, dir) },
		open: fsys.Open,
		join: func(dir, name string) string { return path.Join(dir, name) },
	})
}

// files are the functions of a file system that loading needs.
type files struct {
	list func(dir string) ([]fs.DirEntry, error)
	open func(name string) (fs.File, error)
	join func(dir, name string) string
}

// mostGrantBytes bounds one file. A grant takes less than a kilobyte.
const mostGrantBytes = 4 << 20

func load(c Config, in files) (*Snapshot, error) {
	if c.Environment != Test && c.Environment != Production {
		return nil, fmt.Errorf("environment is %q: write %s or %s", c.Environment, Test, Production)
	}
	prague, err := time.LoadLocation("Europe/Prague")
	if err != nil {
		return nil, fmt.Errorf("load the zone of validity: %w", err)
	}
	l := loader{files: in, sum: sha256.New(), prague: prague}
	fmt.Fprintf(l.sum, "%s\x00", c.Environment)
	all := l.directory(c.Dir)
	s := &Snapshot{grants: all.grants, identities: all.identities, loaded: time.Now()}
	if c.MatrixFile != "" {
		s.matrix = l.matrix(c.MatrixFile)
	}
	overlaps(s.grants, &l.problems)
	vocabulary := declaredWords(all.vocabulary, &l.problems)
	checkAiseo(all.items, vocabulary, &l.problems)
	s.byCertificate = bind(s.identities, &l.problems)
	if !c.Publisher {
		barBuses(s.identities, &l.problems)
	}
	if err := l.err(); err != nil {
		return nil, err
	}
	s.declared = hex.EncodeToString(l.sum.Sum(nil)[:6])
	s.version = s.declared
	s.index(c.Environment)
	s.learn(vocabulary)
	return s, nil
}

// A loader reads files, and hashes their names and contents into a version.
type loader struct {
	files
	problems
	sum    hash.Hash
	prague *time.Location
}

func (l *loader) directory(dir string) (all contents) {
	entries, err := l.list(dir)
	if err != nil {
		l.add(Place{File: dir}, "read the directory of grants: %v", err)
		return all
	}
	for _, e := range entries {
		name := l.join(dir, e.Name())
		switch ext := path.Ext(e.Name()); {
		case e.IsDir() || strings.HasPrefix(e.Name(), "."):
		case ext == ".yml":
			l.add(Place{File: name}, "this file is not read: rename it to .yaml, or remove it")
		case ext == ".yaml":
			one := l.file(name)
			all.granted = all.granted || one.granted
			all.grants = append(all.grants, one.grants...)
			all.identities = append(all.identities, one.identities...)
			all.items = append(all.items, one.items...)
			all.vocabulary = append(all.vocabulary, one.vocabulary...)
		}
	}
	if !all.granted && l.count() == 0 {
		l.add(Place{File: dir}, "no *.yaml file has a list of grants: "+
			"write one, with grants: [] if nobody may do anything")
	}
	return all
}

func (l *loader) file(name string) contents {
	f, err := l.open(name)
	if err != nil {
		l.add(Place{File: name}, "%v", unnamed(err))
		return contents{}
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, mostGrantBytes+1))
	if err != nil {
		l.add(Place{File: name}, "read: %v", err)
		return contents{}
	}
	if len(text) > mostGrantBytes {
		l.add(Place{File: name}, "the file is longer than %d bytes: split it", mostGrantBytes)
		return contents{}
	}
	fmt.Fprintf(l.sum, "%s\x00%d\x00", path.Base(filepath.ToSlash(name)), len(text))
	l.sum.Write(text)
	plain, err := PlainText(name, text)
	if err != nil {
		l.note(err)
		return contents{}
	}
	return readFile(document{name, &l.problems}, plain, l.prague)
}

// unnamed returns an error of the file system without the name of the file, which
// stands before it in the message.
func unnamed(err error) error {
	var named *fs.PathError
	if errors.As(err, &named) {
		return named.Err
	}
	return err
}

func (l *loader) matrix(name string) matrix {
	f, err := l.open(name)
	if err != nil {
		l.add(Place{File: name}, "%v", unnamed(err))
		return matrix{}
	}
	defer f.Close()
	l.sum.Write([]byte("matrix\x00"))
	own := sha256.New()
	m := readMatrix(name, io.TeeReader(f, io.MultiWriter(l.sum, own)), &l.problems)
	m.source = path.Base(filepath.ToSlash(name)) + " " + hex.EncodeToString(own.Sum(nil)[:6])
	return m
}

// contents are the entries of one file, or of all files.
type contents struct {
	granted    bool // there is a list of grants, even if it is empty
	grants     []*Grant
	identities []*Identity
	items      []GrantItem // of all grants, also of those with mistakes
	vocabulary []GrantItem // declared items beyond the published ones
}

// readFile reads one file. It notes mistakes, and leaves out entries that have any.
func readFile(d document, text []byte, prague *time.Location) (c contents) {
	root := d.parse(text)
	if root == nil {
		return c
	}
	m, ok := d.mapping(root, "the file", "grants?", "identities?", "vocabulary?")
	if !ok {
		return c
	}
	if c.granted = m.values["grants"] != nil; len(m.values) == 0 {
		d.fail(root, "the file lacks grants, identities and vocabulary: add one of them")
	}
	for _, n := range m.entries("grants") {
		g, ok := grantOf(d, n, prague)
		c.items = append(c.items, g.Items...)
		if ok {
			c.grants = append(c.grants, g)
		}
	}
	c.vocabulary = m.vocabulary()
	for _, n := range m.entries("identities") {
		if i := identityOf(d, n, prague); i != nil {
			c.identities = append(c.identities, i)
		}
	}
	return c
}
