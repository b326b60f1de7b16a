package gateway

import (
	"io"
	"strings"
	"testing"
	"testing/fstest"

	"brana/egon"
	"brana/policy"
)

// withPolicy gives the caller the services and the matrix row with these items of ROS.
func withPolicy(t *testing.T, services string, items ...string) func(*settings) {
	row := "agenda,role,ovm,kod_iszr,kod_rpp\n"
	for _, item := range items {
		row += "X999,XR1,12345678," + item + ",102-1-1\n"
	}
	store, err := policy.NewStore(func() (*policy.Snapshot, error) {
		return policy.LoadFS(fstest.MapFS{
			"grants/a.yaml": {Data: []byte(strings.ReplaceAll(grants, "E05, E189", services))},
			"matrix.csv":    {Data: []byte(row)},
		}, policy.Config{Dir: "grants", MatrixFile: "matrix.csv", Environment: policy.Test})
	})
	if err != nil {
		t.Fatal(err)
	}
	return func(s *settings) { s.parts.Policy = store }
}

// A record goes whole with an item that the schema demands in it. The warning says of the
// others in it that the caller may have them, and of one that was not asked for likewise.
func TestWhatGoesWithItsRecord(t *testing.T) {
	const firm = `<e:RosOdpoved><e:RosCtiPodleUdajuDataResponse><PravnickaOsoba ` +
		`xmlns="urn:cz:isvs:ros:schemas:RosDotazyData:v2" xmlns:d="urn:cz:isvs:ros:schemas:RosDotazyTypy:v1">` +
		`<d:Ico>27074358</d:Ico><d:PravniForma>121</d:PravniForma><d:PravniStav>1</d:PravniStav>` +
		`</PravnickaOsoba></e:RosCtiPodleUdajuDataResponse></e:RosOdpoved>`
	doc := strings.Replace(string(replyOf("E22", egon.OK)), "</e:RosCtiPodleUdajuResponse>",
		firm+"</e:RosCtiPodleUdajuResponse>", 1)
	s := startGateway(t, returning(egon.FilterReturned, replying([]byte(doc))),
		withPolicy(t, "E22", "PravniForma", "PravniStav"))
	r := s.post(t, "/publikace/E22", call{code: "E22", items: []string{"PravniStav"}}.message())
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	got := string(body)
	for _, popis := range []string{
		"Údaj Ico byl z odpovědi odebrán, volající k němu nemá oprávnění.",
		"Údaj PravniStav byl z odpovědi odebrán s celým záznamem, který bez nepovoleného údaje poslat nelze.<",
		"Údaj PravniForma byl z odpovědi odebrán, nebyl požadován.",
	} {
		if !strings.Contains(got, popis) {
			t.Errorf("the answer lacks %q", popis)
		}
	}
	if strings.Contains(got, "27074358") || strings.Count(got, "<reg:VysledekPopis>") != 3 {
		t.Errorf("the caller got %s", got)
	}
}
