package journal

import (
	"crypto/ed25519"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// whole verifies a journal that must be whole.
func whole(t testing.TB, dir string, o *Options) *Verdict {
	t.Helper()
	v, err := Verify(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	if v.Broken != nil {
		t.Fatalf("broken: %v", v.Broken)
	}
	return v
}

// What is worth saying of a whole journal is said.
func TestNotes(t *testing.T) {
	one, two := testKey(1), testKey(2)
	name := segmentName
	for what, c := range map[string]struct {
		m     *maker
		o     Options
		extra files
		want  []string
	}{
		"unsigned": {newMaker("g1", nil).records(1).end(Sealed, ""), Options{}, nil, []string{
			"nothing is signed: a user who can write to the folder can make it anew",
		}},
		"signed, open": {newMaker("g1", one).records(3), Options{}, nil, []string{
			"signed with key " + Fingerprint(public(one)) + " from " + name(1) + " on",
			"no key is given: compare the fingerprint with that of the gateway's key",
			name(1) + " is open: 3 records after its header wait for a seal, and a cut at its end shows by copies only",
		}},
		"torn": {
			newMaker("g1", one).records(1), Options{Keys: []ed25519.PublicKey{public(one)}},
			files{name(1): "+" + `{"seq":3,"prev":"`}, []string{
				"signed with key " + Fingerprint(public(one)) + " from " + name(1) + " on",
				name(1) + " is open: 1 records after its header wait for a seal, and a cut at its end shows by copies only",
				name(1) + ": 17 bytes after number 2 are no whole line: it is being written, or a crash has torn it",
			},
		},
		"lost pages": {
			newMaker("g1", one).records(1), Options{Keys: []ed25519.PublicKey{public(one)}},
			files{name(1): "+" + "\x00\x00\x00\n"}, []string{
				"signed with key " + Fingerprint(public(one)) + " from " + name(1) + " on",
				name(1) + " is open: 1 records after its header wait for a seal, and a cut at its end shows by copies only",
				name(1) + ": 4 bytes after number 2 are no whole line: it is being written, or a crash has torn it",
			},
		},
		"crashed": {
			newMaker("g1", nil).records(1).next(Crashed, "\x00").end(Sealed, ""), Options{}, nil, []string{
				name(1) + ": 1 bytes after number 2 are no records: the segment has crashed (0 whole lines among them)",
				"nothing is signed: a user who can write to the folder can make it anew",
				"1 segments have no seal: their writer crashed or the disk failed",
			},
		},
		"a new key": {
			newMaker("g1", one).records(1).end(Sealed, "").sign(two).end(Sealed, ""), Options{}, nil, []string{
				"signed with key " + Fingerprint(public(one)) + " from " + name(1) + " on",
				"signed with key " + Fingerprint(public(two)) + " from " + name(4) + " on",
				"no key is given: compare the fingerprint with that of the gateway's key",
			},
		},
		"both keys": {
			newMaker("g1", one).records(1).end(Sealed, "").sign(two).end(Sealed, ""),
			Options{Keys: []ed25519.PublicKey{public(two), public(one)}}, nil, []string{
				"signed with key " + Fingerprint(public(one)) + " from " + name(1) + " on",
				"signed with key " + Fingerprint(public(two)) + " from " + name(4) + " on",
			},
		},
		"signed later": {
			newMaker("g1", nil).records(1).end(Sealed, "").sign(two).end(Sealed, ""),
			Options{Keys: []ed25519.PublicKey{public(two)}}, nil, []string{
				"signed with key " + Fingerprint(public(two)) + " from " + name(4) + " on",
			},
		},
		"no longer signed": {newMaker("g1", one).end(Sealed, "").sign(nil).end(Sealed, ""), Options{}, nil, []string{
			"signed with key " + Fingerprint(public(one)) + " from " + name(1) + " on",
			"from " + name(3) + " on nothing is signed",
			"no key is given: compare the fingerprint with that of the gateway's key",
		}},
		"a foreign file": {
			newMaker("g1", nil).end(Sealed, ""), Options{}, files{"notes.txt": ""}, []string{
				"notes.txt is no file of a journal, and does not count",
				"nothing is signed: a user who can write to the folder can make it anew",
			},
		},
		"deleted": {newMaker("g1", nil).end(Sealed, "").delete().begun().end(Sealed, ""), Options{}, nil, []string{
			"numbers 1 to 2 were deleted, the last of them at 2026-11-29T08:00:03Z (" + name(3) + ":2)",
			"nothing is signed: a user who can write to the folder can make it anew",
		}},
	} {
		c.m.close()
		f := files(c.m.files)
		for file, text := range c.extra {
			if after, appended := strings.CutPrefix(text, "+"); appended {
				text = f[file] + after
			}
			f = f.with(file, text)
		}
		v, err := f.verify(&c.o)
		if err != nil || v.Broken != nil {
			t.Errorf("%s: %v, %v", what, v, err)
			continue
		}
		if d := cmp.Diff(c.want, v.Notes); d != "" {
			t.Errorf("%s: %s", what, d)
		}
	}
}

// A break says in plain words what was done.
func TestBreaks(t *testing.T) {
	one, two := testKey(1), testKey(2)
	m := newMaker("g1", one).records(3).next(Sealed, "").records(3).end(Sealed, "")
	f := files(m.files)
	a, b := segmentName(1), segmentName(6)
	lines := strings.SplitAfter(f[a], "\n")
	join := func(order ...int) string {
		text := ""
		for _, i := range order {
			text += lines[i-1]
		}
		return text
	}
	edited := strings.Replace(f[a], `"type":"intent","what":"xx"`, `"type":"intent","what":"yy"`, 1)
	for what, c := range map[string]struct {
		f    files
		o    Options
		want string
	}{
		"edited": {
			f.with(a, edited),
			Options{},
			a + ":3: edited: number 3 is not what number 4 follows",
		},
		"missing": {
			f.with(a, join(1, 2, 4, 5)),
			Options{},
			a + ":3: missing: number 3 stood before number 4",
		},
		"missing two": {
			f.with(a, join(1, 4, 5)),
			Options{},
			a + ":2: missing: numbers 2 to 3 stood before number 4",
		},
		"reordered": {
			f.with(a, join(1, 3, 2, 4, 5)),
			Options{},
			a + ":2: reordered: number 3 stands where 2 should; that is in line 3",
		},
		"repeated": {
			f.with(a, join(1, 2, 3, 3, 4, 5)),
			Options{},
			a + ":4: repeated: number 3 stands here again, where 4 should",
		},
		"truncated": {
			f.with(a, join(1, 2)),
			Options{},
			a + ":3: truncated: the segment ends after number 2; the next one says that it goes on to 5",
		},
		"no header": {
			f.with(a, join(2, 3, 4, 5)),
			Options{},
			a + ":1: missing: the header, number 1, is missing",
		},
		"empty": {
			f.with(a, ""),
			Options{},
			a + ":1: truncated: it has no header: the file is empty or cut off",
		},
		"glued": {
			f.with(a, strings.Replace(f[a], "}\n{\"seq\":3", "}{\"seq\":3", 1)),
			Options{},
			a + ":2: glued: another line begins in it",
		},
		"appended": {f.with(b, f[b]+"x"), Options{}, b + ":6: glued: 1 bytes follow the seal"},
		"inserted": {
			f.with(a, join(1, 2)+"a note\n"+join(3, 4, 5)),
			Options{},
			a + ":3: foreign: it is no line of a journal, and stands between numbers 2 and 3",
		},
		"swapped": {
			f.with(a, f[b]).with(b, f[a]),
			Options{},
			a + ":1: renamed: the segment begins with number 6, its name says 1",
		},
		"removed": {
			f.without(a),
			Options{},
			b + ":1: missing: numbers 1 to 5 are gone, and no record says that they were deleted",
		},
		"another key": {
			f,
			Options{Keys: []ed25519.PublicKey{public(two)}},
			a + ":1: forged: the segment is signed with key " + Fingerprint(public(one)) + ", which is not given",
		},
		"no signature": {
			files(newMaker("g1", nil).end(Sealed, "").files),
			Options{Keys: []ed25519.PublicKey{public(one)}},
			a + ":1: forged: no segment is signed, and a key is given",
		},
		"signed before": {
			files(newMaker("g1", one).end(Sealed, "").sign(nil).end(Sealed, "").files),
			Options{Keys: []ed25519.PublicKey{public(one)}}, segmentName(3) + ":1: forged: the segment is not signed, and one before it is",
		},
		"corrupt": {f.without(a).with(a+".zst", compressed(t, f[a])[:100]), Options{}, a + ".zst:"},
		"a long line": {
			f.with(a, lines[0]+strings.Repeat("x", MaxLine+1)+"\n"), Options{},
			a + ":2: edited: it is longer than 1048576 bytes, and so no line of a journal",
		},
	} {
		v, err := c.f.verify(&c.o)
		if err != nil || v.Broken == nil || !strings.HasPrefix(v.Broken.String(), c.want) {
			t.Errorf("%s: %v, %v, want %s", what, v, err, c.want)
		}
	}
	newer := f.with(b, strings.Replace(f[b], `"format":1`, `"format":2`, 1))
	if v, err := newer.verify(&Options{}); err == nil && v.Broken == nil {
		t.Error("a changed format is not seen")
	}
	unsigned := newMaker("g1", nil)
	unsigned.close()
	text := strings.Replace(unsigned.files[a], `"format":1`, `"format":7`, 1)
	want := a + ":1: format 7, written by brana v1; this program reads formats up to 1: use a newer one"
	if _, err := (files{a: text}).verify(&Options{}); err == nil || err.Error() != want {
		t.Errorf("a newer format: %v", err)
	}
	if _, err := (files{}).verify(&Options{}); err == nil {
		t.Error("nothing is a whole journal")
	}
}

// Copies show a removed end, and a journal that was made anew with the key.
func TestCopiesShowARemovedEnd(t *testing.T) {
	m := newMaker("g1", testKey(1)).records(3).next(Sealed, "").records(3).next(Sealed, "").records(2)
	mark := fmt.Sprintf(`{"type":"mark","time":"2026-11-29T08:00:00Z","gateway":"g1","seq":%d,"hash":"%s"}`,
		m.seq, hex.EncodeToString(m.prev[:]))
	m.records(1)
	m.close()
	f := files(m.files)
	a, b, c := segmentName(1), segmentName(6), segmentName(11)
	copies := func(list ...string) *CopySet {
		path := filepath.Join(t.TempDir(), "seals")
		put(t, filepath.Dir(path), map[string]string{"seals": "a line of something else\n" + strings.Join(list, "\n")})
		set, err := ReadCopies(path)
		if err != nil {
			t.Fatal(err)
		}
		return set
	}
	remade := newMaker("g1", testKey(1)).records(2).next(Sealed, "").records(4).next(Sealed, "").records(3)
	remade.close()
	cut := f[c][:strings.LastIndex(f[c][:len(f[c])-1], "\n")+1]
	cut = cut[:strings.LastIndex(cut[:len(cut)-1], "\n")+1]
	for what, test := range map[string]struct {
		f    files
		set  *CopySet
		want string
	}{
		"all is there":             {f, copies(append(m.copies, mark)...), "whole"},
		"the last segment is gone": {f.without(c), copies(m.copies...), b + ":6"},
		"two segments are gone":    {f.without(c).without(b), copies(m.copies...), a + ":6"},
		"the last seal is gone": {
			f.without(c).with(b, f[b][:strings.LastIndex(f[b][:len(f[b])-1], "\n")+1]),
			copies(m.copies[:4]...),
			b + ":5",
		},
		"the open segment is cut":      {f.with(c, cut), copies(append(m.copies, mark)...), c + ":3"},
		"it is cut and nobody marked":  {f.with(c, cut), copies(m.copies...), "whole"},
		"made anew, with the same key": {files(remade.files), copies(m.copies...), segmentName(5) + ":1"},
		"of another gateway":           {f.without(c), copies(newMaker("g2", nil).copies...), a + ":1"},
		"from syslog": {
			f.without(c),
			copies("<85>1 2026-11-29T08:00:00Z host brana 1 seal - g1 " + m.copies[4] + " \r"),
			b + ":6",
		},
	} {
		if got := test.f.prove(&Options{Copies: test.set}); got != test.want {
			t.Errorf("%s: %s, want %s", what, got, test.want)
		}
	}
	for what, text := range map[string]string{"nothing": "", "no copy": "x\n{\"seq\":1}\n"} {
		path := filepath.Join(t.TempDir(), "seals")
		put(t, filepath.Dir(path), map[string]string{"seals": text})
		if _, err := ReadCopies(path); err == nil {
			t.Errorf("%s is read as copies", what)
		}
	}
}

// A journal with any history is whole, and stays so when segments are compressed.
func TestAnyHistoryIsWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := []ed25519.PrivateKey{nil, testKey(1), testKey(2)}
		m := newMaker("g1", rapid.SampledFrom(keys).Draw(t, "key"))
		records := 0
		for range rapid.IntRange(0, 8).Draw(t, "segments") {
			n := rapid.IntRange(0, 5).Draw(t, "records")
			m.records(n)
			records += n
			cause := rapid.SampledFrom([]string{Sealed, Crashed, Failed}).Draw(t, "cause")
			void := ""
			if cause != Sealed {
				void = rapid.SampledFrom([]string{"", `{"seq":`, "\x00\x00", "\n", "x\n{\"seq\":1}\n"}).Draw(t, "void")
			}
			m.end(cause, void).sign(rapid.SampledFrom(keys).Draw(t, "key"))
			if rapid.Bool().Draw(t, "delete") && len(m.files) > 1 {
				m.delete()
			}
		}
		m.close()
		f := files(m.files)
		for _, name := range f.names() {
			if rapid.Bool().Draw(t, "compress") {
				f = f.without(name).with(name+".zst", compressed(t, f[name]))
			}
		}
		v, err := f.verify(&Options{})
		if err != nil || v.Broken != nil {
			t.Fatalf("%+v, %v", v, err)
		}
		if v.Last != m.seq || v.Segments != len(f) || v.First == 1 && v.Records != uint64(records) {
			t.Errorf("%+v: the last number is %d, %d records", v, m.seq, records)
		}
	})
}

// A journal can be verified while it is written, rotated and compressed.
func TestVerifyWhileItIsWritten(t *testing.T) {
	dir := t.TempDir()
	j, err := Open(Config{Dir: dir, Gateway: "g1", Key: testKey(1), Size: 8192})
	if err != nil {
		t.Fatal(err)
	}
	k := StartKeeper(KeepConfig{Dir: dir, Compress: true}, j)
	written := make(chan error)
	go func() {
		for i := range 400 {
			if _, err := j.Append(record(fmt.Sprint(i)), i%10 == 0); err != nil {
				written <- err
				return
			}
		}
		written <- j.Close()
	}()
	for done := false; !done; {
		whole(t, dir, &Options{})
		select {
		case err := <-written:
			if err != nil {
				t.Fatal(err)
			}
			done = true
		default:
		}
	}
	k.Close()
	if v := whole(t, dir, nil); v.Records != 400 {
		t.Errorf("%d records", v.Records)
	}
}
