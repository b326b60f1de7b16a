package policy_test

import (
	"fmt"
	"testing/fstest"
	"time"

	"brana/egon"
	"brana/policy"
)

const grants = `grants:
  - agenda: X999
    role: XR1
    ovm: "12345678"
    ais: 999001
    environment: test
    valid: {from: 2026-01-01, to: 2026-12-31}
    services: [E198, E05]
    items: [EopFoto]
    limits: {working_hours: 5000/h, off_hours: 20000/h, concurrent: 20}
`

const matrix = `agenda,role,ovm,kod_iszr,kod_rpp
X999,XR1,12345678,Prijmeni,101-1-1
`

// Items of ROB come from the matrix, items of the evidences from the grant.
func ExampleSnapshot_Decide() {
	files := fstest.MapFS{
		"policy/grants.yaml": {Data: []byte(grants)},
		"matrix.csv":         {Data: []byte(matrix)},
	}
	snapshot, err := policy.LoadFS(files, policy.Config{
		Dir: "policy", MatrixFile: "matrix.csv", Environment: policy.Test,
	})
	if err != nil {
		fmt.Println(err) // every mistake, with its file, line and column
		return
	}
	now := time.Date(2026, time.March, 4, 9, 0, 0, 0, time.UTC)
	for _, item := range []string{"Prijmeni", "EopFoto", "Jmeno", "prijmeni"} {
		d := snapshot.Decide(&egon.Head{
			Service: egon.ServiceByCode("E198"),
			Info: egon.ZadostInfo{
				Agenda: []byte("X999"), AgendovaRole: []byte("XR1"),
				Ovm: []byte("12345678"), Ais: []byte("999001"),
			},
			Items: []egon.Word{{Text: []byte(item)}},
		}, now)
		if d.Verdict == policy.Granted {
			fmt.Println(item, "is granted, with", d.Limits.Working, "calls an hour")
		}
		for _, r := range d.Refused {
			fmt.Printf("%s is refused; did the caller mean %q?\n", r.Word, r.Hint)
		}
	}
	// Output:
	// Prijmeni is granted, with 5000 calls an hour
	// EopFoto is granted, with 5000 calls an hour
	// Jmeno is refused; did the caller mean ""?
	// prijmeni is refused; did the caller mean "Prijmeni"?
}

// A reload that fails leaves the last good snapshot in force.
func ExampleStore() {
	files := fstest.MapFS{"policy/grants.yaml": {Data: []byte(grants)}}
	store, err := policy.NewStore(func() (*policy.Snapshot, error) {
		return policy.LoadFS(files, policy.Config{Dir: "policy", Environment: policy.Test})
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	files["policy/grants.yaml"].Data = []byte("grants: none\n")
	fmt.Println(store.Reload())
	fmt.Println(len(store.Current().Grants()), "grant is in force")
	// Output:
	// policy/grants.yaml:1:9: grants is the string "none": write a list of grants, or []
	// 1 grant is in force
}
