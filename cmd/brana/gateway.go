package main

import (
	"strconv"
	"time"

	"brana/cmd/brana/config"
	"brana/egon"
	"brana/gateway"
	"brana/policy"
	"brana/upstream"
)

// gatewayConfig is the configuration of the gateway, but for what is read from
// further files.
func gatewayConfig(c *config.Config, clients map[string]*upstream.Client) gateway.Config {
	l := &c.Listen
	cfg := gateway.Config{
		Prefix:           l.Prefix,
		InlineLimit:      int(l.InlineLimit),
		MaxMessage:       int64(l.MaxMessage),
		MaxExchanges:     int64(l.MaxExchanges),
		ReadIdle:         time.Duration(l.ReadIdle),
		WriteIdle:        time.Duration(l.WriteIdle),
		MinRate:          int64(l.MinRate),
		KeepAlive:        time.Duration(l.KeepAlive),
		ShutdownDelay:    time.Duration(l.ShutdownDelay),
		Linger:           time.Duration(l.Linger),
		CutTime:          endStep(time.Duration(l.Drain)),
		MaxConns:         int(l.MaxConns),
		MaxConnsPerPeer:  int(l.MaxConnsPerPeer),
		PlainSockets:     l.PlainSockets,
		Bounds:           l.Bounds.Egon(),
		RowWait:          time.Duration(c.Policy.Matrix.Wait),
		Routes:           gateway.Routes{Services: map[string]gateway.Route{}},
		TimeTolerance:    time.Duration(c.Requests.TimeTolerance),
		PublicURL:        l.PublicURL,
		AdminHosts:       c.Admin.Hosts,
		DropLines:        c.Log.WhenBlocked == config.DropLines,
		Digests:          c.Audit.Digests,
		ServeUnrecorded:  c.Audit.WhenUnavailable == config.ServeUnrecorded,
		Lines:            logLines(c.Log.Exchanges),
		InsecureIdentity: l.InsecureIdentity,
	}
	if l.StatusMode == config.HTTPStatus {
		cfg.StatusMode = gateway.HTTPMode
	}
	for code := range c.Routes {
		to := c.Routes.Of(code, c.Place)
		route := newRoute(to, clients)
		route.Timeout = time.Duration(l.CallTimeout)
		route.Party = publisherOf(to, c)
		switch {
		case code != "default":
			cfg.Routes.Services[code] = route
		case c.Place == config.Publisher:
			cfg.Routes.Internal = route
		default:
			cfg.Routes.Default = route
		}
	}
	return cfg
}

func logLines(l config.Lines) gateway.Lines {
	switch l {
	case config.RefusedLines:
		return gateway.RefusedLines
	case config.NoLines:
		return gateway.NoLines
	}
	return gateway.AllLines
}

// publisherOf is the information system before which a gateway stands, by its number in
// the configuration; nobody where it has none, or where the gateway stands elsewhere.
func publisherOf(r config.Route, c *config.Config) egon.Party {
	name, _ := r.Relay()
	ais := c.Upstreams[name].Ais
	if c.Place != config.Publisher || ais == 0 {
		return egon.Party{}
	}
	return egon.Party{Kind: egon.Ais, Code: strconv.Itoa(int(ais))}
}

// newRoute makes a route of one that config has checked.
func newRoute(r config.Route, clients map[string]*upstream.Client) gateway.Route {
	if name, relayed := r.Relay(); relayed {
		return gateway.Route{
			Kind:  gateway.RelayRoute,
			Name:  name,
			Relay: upstream.NewRelay(clients[name]),
			Items: map[config.Items]policy.ItemRule{
				config.Strict: policy.Strict,
				config.AsIszr: policy.AsIszr,
				config.Pass:   policy.Pass,
			}[r.Items],
			Returned: map[config.Returned]egon.ReturnedRule{
				config.Observe:  egon.ObserveReturned,
				config.Withhold: egon.RefuseReturned,
				config.Filter:   egon.FilterReturned,
			}[r.Returned],
		}
	}
	switch r.To {
	case config.Workflow:
		return gateway.Route{Kind: gateway.WorkflowRoute}
	case config.Local:
		return gateway.Route{Kind: gateway.LocalRoute}
	default:
		return gateway.Route{Kind: gateway.RefuseRoute}
	}
}
