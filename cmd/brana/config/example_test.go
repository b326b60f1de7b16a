package config_test

import (
	"fmt"

	"brana/cmd/brana/config"
)

// A mistake is reported with its place, and what to write.
func ExampleParse() {
	const text = `upstreams:
  iszr: {url: "http://127.0.0.1:8090/publikace"}
routes: {default: relay iszr}
policy: {dir: "${POLICY}"}
`
	variables := map[string]string{"POLICY": "/etc/brana/policy"}
	lookup := func(name string) (string, bool) { v, ok := variables[name]; return v, ok }

	c, err := config.Parse("brana.yaml", []byte(text), lookup)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.Policy.Dir, c.Listen.Address)

	_, err = config.Parse("brana.yaml", []byte(text+"listen: {drain: 25}\n"), lookup)
	fmt.Println(err)
	// Output:
	// /etc/brana/policy 127.0.0.1:8080
	// brana.yaml:5:17: 25 is not a duration: write it as 250ms, 15s, 2m or 24h
}
