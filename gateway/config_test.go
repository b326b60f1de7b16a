package gateway

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// A service may have a local route if, and only if, it can be answered here.
func TestLocalRoutesHaveAnAnswer(t *testing.T) {
	can := slices.Sorted(maps.Keys(localServices))
	if may := slices.Sorted(slices.Values(localCodes)); !slices.Equal(may, can) {
		t.Errorf("%v may have a local route, %v can be answered", may, can)
	}
}

func TestConfigurationsThatAreRefused(t *testing.T) {
	relay := Route{Kind: RelayRoute, Relay: relayFunc(relayOK)}
	for _, c := range []struct {
		name  string
		cfg   Config
		media Workflow
		want  string
	}{
		{"prefix without a slash", Config{Prefix: "publikace"}, nil, "listen.prefix"},
		{"prefix with a slash at its end", Config{Prefix: "/publikace/"}, nil, "listen.prefix"},
		{"bounds", Config{InlineLimit: 2, MaxMessage: 1}, nil, "max_message"},
		{
			"unknown code", Config{Routes: Routes{Services: map[string]Route{"E999": relay}}},
			nil, "routes.E999",
		},
		{
			"relay to nobody", Config{Routes: Routes{Default: Route{Kind: RelayRoute}}},
			nil, "routes.default: relay",
		},
		{
			"another workflow",
			Config{Routes: Routes{Services: map[string]Route{"E05": {Kind: WorkflowRoute}}}},
			workflowFunc(serveOK), "only E198",
		},
		{
			"workflow without upstreams",
			Config{Routes: Routes{Services: map[string]Route{"E198": {Kind: WorkflowRoute}}}},
			nil, "needs the upstreams",
		},
		{
			"another local service",
			Config{Routes: Routes{Default: Route{Kind: LocalRoute}}}, nil, "only E227",
		},
	} {
		_, err := New(c.cfg, Parts{Media: c.media})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	if _, err := New(Config{Routes: Routes{Default: relay}}, Parts{}); err != nil {
		t.Errorf("a good configuration: %v", err)
	}
}
