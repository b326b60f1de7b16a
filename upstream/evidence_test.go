package upstream

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"brana/egon"
	"brana/egon/xmltext"
)

// evidenceOf reads doc as EOP's answer to a question for photos, without a
// connection.
func evidenceOf(src io.Reader) (*evidence, error) {
	s, _ := egon.SourceOf([]byte("Eop"))
	e := &evidence{
		call: &call{Client: &Client{cfg: Config{Name: "eop"}.withDefaults()}}, src: s, kinds: []mediaKind{{element: "Fotky", picture: "Fotka", left: math.MaxInt}},
		leftOut: func(string) {}, tokens: newTokenReader(src),
	}
	return e, e.readHead()
}

// A spliced block keeps its meaning, however its namespaces were declared, and the media
// keep every byte.
func TestEvidenceSplice(t *testing.T) {
	// Elements that no medium has are left out.
	const medium = "<s:Fotka\n a = '1' >QUJD&#13;\r\nREVG</s:Fotka >" +
		"<s:DatumVydani>2016-05-30</s:DatumVydani><!-- x -->"
	for _, tt := range []struct {
		name   string
		open   string // from the response's start tag to the block's, without Envelope
		close  string
		prefix string // that the block's children bear
		want   string // the block's start tag as spliced
	}{
		{
			"prefixed", `<v:AisEopMediaSyncCtiPodleUdajuResponse xmlns:v="EOP" xmlns:s="AIS">INFO<v:EopOdpoved><v:EopOdpovedV1>`,
			`</v:EopOdpovedV1></v:EopOdpoved></v:AisEopMediaSyncCtiPodleUdajuResponse>`, "s",
			`<v:EopOdpovedV1 xmlns:v="EOP" xmlns:s="AIS" xmlns:env="ENV" xmlns="">`,
		},
		{
			"default", `<AisEopMediaSyncCtiPodleUdajuResponse xmlns="EOP" xmlns:s="AIS">INFO<EopOdpoved><EopOdpovedV1>`,
			`</EopOdpovedV1></EopOdpoved></AisEopMediaSyncCtiPodleUdajuResponse>`, "s",
			`<EopOdpovedV1 xmlns="EOP" xmlns:s="AIS" xmlns:env="ENV">`,
		},
		{
			"declared on the block", `<v:AisEopMediaSyncCtiPodleUdajuResponse xmlns:v="EOP">INFO<v:EopOdpoved><e:EopOdpovedV1 xmlns:e='EOP' xmlns:s="AIS" >`,
			`</e:EopOdpovedV1></v:EopOdpoved></v:AisEopMediaSyncCtiPodleUdajuResponse>`, "s",
			`<e:EopOdpovedV1 xmlns:e="EOP" xmlns:s="AIS" xmlns:v="EOP" xmlns:env="ENV" xmlns="">`,
		},
		{
			"redeclared between", `<s:AisEopMediaSyncCtiPodleUdajuResponse xmlns:s="EOP">INFO<EopOdpoved xmlns="EOP" xmlns:s="AIS"><EopOdpovedV1>`,
			`</EopOdpovedV1></EopOdpoved></s:AisEopMediaSyncCtiPodleUdajuResponse>`, "s",
			`<EopOdpovedV1 xmlns="EOP" xmlns:s="AIS" xmlns:env="ENV">`,
		},
		{
			"redeclared as the reply's own prefixes", `<abs:AisEopMediaSyncCtiPodleUdajuResponse xmlns:abs="EOP" xmlns:e="AIS" xmlns:s="urn:a&amp;&quot;b">INFO<abs:EopOdpoved><abs:EopOdpovedV1>`,
			`</abs:EopOdpovedV1></abs:EopOdpoved></abs:AisEopMediaSyncCtiPodleUdajuResponse>`, "e",
			`<abs:EopOdpovedV1 xmlns:abs="EOP" xmlns:e="AIS" xmlns:s="urn:a&amp;&quot;b" xmlns:env="ENV" xmlns="">`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			uris := strings.NewReplacer("EOP", egon.NSEop, "AIS", egon.NSEvidence, "ENV",
				egon.NSEnvelope)
			p := tt.prefix + ":"
			head := strings.ReplaceAll(appStatus("OK", "")+aifo1, "s:", p)
			photos := "<" + p + "Fotky>" + strings.ReplaceAll(medium, "s:", p) + "</" + p + "Fotky>"
			response := strings.Replace(uris.Replace(tt.open), "INFO",
				infoIn(egon.NSEop)+mapaIn(egon.NSEop), 1) +
				"RC" + strings.Replace(head, "<"+p+"Aifo>", "\n 7705033237<!-- RC --><"+p+"Aifo>",
				1) + photos + " \n" +
				strings.Replace(photos, "<!--", "<"+p+"Ucel a='1'><x/>y</"+p+"Ucel><!--", 1) +
				uris.Replace(tt.close)
			doc := `<env:Envelope xmlns:env="` + egon.NSEnvelope + `"><env:Body>` + response +
				`</env:Body></env:Envelope>`
			e, err := evidenceOf(iotest.OneByteReader(strings.NewReader(doc)))
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(e)
			if err != nil {
				t.Fatal(err)
			}
			end := tt.close[:strings.Index(tt.close, ">")+1]
			if d := cmp.Diff(uris.Replace(tt.want)+head+photos+photos+end, string(got)); d != "" {
				t.Errorf("block (-want +got):\n%s", d)
			}
			// In a reply of ours, under our prefixes, it still reads the same.
			info := &egon.OdpovedInfo{Status: egon.Status{Kod: egon.OK}}
			reply := egon.AppendMediaHead(nil, true, info, &egon.MediaBlocks{Source: e.src})
			reply = egon.AppendMediaTail(append(reply, got...), true, e.src)
			root, err := xmltext.Parse(reply, xmltext.DefaultBounds())
			if err != nil {
				t.Fatal(err)
			}
			block := root.Child(egon.NSEnvelope, "Body").Child(egon.NSMedia,
				"AgendaMediaDataCtiPodleUdajuResponse").
				Child(egon.NSMedia, "EopOdpoved").Child(egon.NSMedia,
				"EopOdpoved").Child(egon.NSEop, "EopOdpovedV1")
			if n := len(block.All(egon.NSEvidence, "Fotky")); n != 2 {
				t.Errorf("%d photos under the right names, want 2", n)
			}
		})
	}
}

func infoIn(space string) string {
	return strings.Replace(info("", "OK"), "<OdpovedInfo", `<OdpovedInfo xmlns="`+space+`"`+regNS,
		1)
}

func mapaIn(space string) string {
	return strings.Replace(mapa("", known), "<MapaAifo", `<MapaAifo xmlns="`+space+`"`+regNS, 1)
}

// Wherever an answer is cut or spoilt, reading it never ends as if it were
// whole.
func TestEvidenceIsWholeOrAnError(t *testing.T) {
	doc := envelope(eop("OK", known, appStatus("OK", "")+aifo1+photo+sign))
	read := func(doc string) error {
		e, err := evidenceOf(strings.NewReader(doc))
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, e)
		return err
	}
	if err := read(doc); err != nil {
		t.Fatal(err)
	}
	for i := range doc {
		if read(doc[:i]) == nil {
			t.Fatalf("cut at byte %d: taken for whole", i)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.IntRange(0, len(doc)).Draw(t, "at")
		junk := rapid.SampledFrom([]string{"<", "&", "<?x y?>", "<!DOCTYPE x>", "</a>", "\x00",
			"\xff", "<a>"}).Draw(t, "junk")
		if read(doc[:at]+junk+doc[at:]) == nil {
			t.Fatalf("%q at byte %d: taken for whole", junk, at)
		}
	})
}

// How an answer arrives changes nothing.
func TestEvidenceChunks(t *testing.T) {
	doc := envelope(eop("OK", known, appStatus("OK", "")+aifo1+strings.Repeat(photo+sign, 50)))
	read := func(r io.Reader) string {
		e, err := evidenceOf(r)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(e)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	want := read(strings.NewReader(doc))
	if n := strings.Count(want, photo); n != 50 || strings.Contains(want, "Podpis") {
		t.Fatalf("%d photos, want 50 and no signature", n)
	}
	for name, r := range map[string]io.Reader{
		"one byte":       iotest.OneByteReader(strings.NewReader(doc)),
		"half":           iotest.HalfReader(strings.NewReader(doc)),
		"end with bytes": iotest.DataErrReader(strings.NewReader(doc)),
	} {
		if got := read(r); got != want {
			t.Errorf("%s: another result", name)
		}
	}
}

// longPhoto is one that a call cannot hold: of a mebibyte.
var longPhoto = strings.Replace(photo, "QUJD", strings.Repeat("QUJD", 1<<18), 1)

// Only the steps without effects are sent again when a connection turns out to
// have been closed under them.
func TestCallAgain(t *testing.T) {
	for _, again := range []bool{true, false} {
		var requests atomic.Int32
		url := rawFake(func(nc net.Conn, br *bufio.Reader) {
			for n := 0; ; n++ {
				if _, _, err := takeRequest(br); err != nil {
					return
				}
				requests.Add(1)
				if n == 1 {
					return // the second on a connection is taken and not answered
				}
				io.WriteString(nc, ok("<a/>"))
			}
		}).listen(t)
		c := client(t, Config{URL: url})
		var err error
		for range 2 {
			_, err = askWhole(t, c, orgParty, question{action: "X", body: []byte("<b/>"),
				again: again})
		}
		want := int32(2)
		if again {
			want = 3
		}
		if (err == nil) != again || requests.Load() != want {
			t.Errorf("again %v: %v after %d requests, want %d", again, err, requests.Load(), want)
		}
	}
}

// A reply that is to be read whole is bounded.
func TestCallBound(t *testing.T) {
	url := rawFake(func(nc net.Conn, br *bufio.Reader) {
		if _, _, err := takeRequest(br); err != nil {
			return
		}
		io.WriteString(nc, "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n")
		w := bufio.NewWriter(nc)
		for {
			if _, err := fmt.Fprintf(w, "400\r\n%s\r\n", strings.Repeat(" ", 0x400)); err != nil {
				return
			}
		}
	}).listen(t)
	_, err := askWhole(t, client(t, Config{URL: url}), robParty,
		question{action: "X", body: []byte("<b/>")})
	var call *egon.CallError
	if !errors.As(err, &call) || call.Party != robParty || call.Timeout {
		t.Errorf("error = %v", err)
	}
}
