package ledger

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// leastNetwork is the least that the connections wait: others use them too, for more than a script
// takes. The context of a call bounds what it waits.
const leastNetwork = 250 * time.Millisecond

// dialer makes the connections of a client; nil is go-redis' own.
type dialer func(ctx context.Context, network, address string) (net.Conn, error)

// newClient sets every wait of go-redis to timeout and every retry off: a call that could not be
// decided at once had better know. Maintenance notifications and the client's name would cost a round
// trip each on connecting.
func newClient(config *Config, timeout time.Duration) (redis.UniversalClient, error) {
	text, secure := config.URL, config.TLS
	address, err := url.Parse(text)
	if err != nil || address.Scheme == "" {
		return nil, errors.New("configure redis: url is not one, " +
			`such as "redis://127.0.0.1:6379/0"`)
	}
	query := address.Query()
	var dial dialer
	switch {
	case query.Has("skip_verify"):
		return nil, errors.New("configure redis: skip_verify in the url would let anybody be Redis; " +
			"name the CA of its certificate instead")
	case address.Scheme == "rediss":
		dial = secureDialer(timeout, secure)
	case secure != nil:
		return nil, fmt.Errorf("configure redis: tls is of no use with %s; write the url as rediss",
			address.Scheme)
	}
	switch {
	case query.Has("master_name"):
		return newFailover(config, timeout, dial)
	case query.Has("addr"):
		return newCluster(config, timeout, dial)
	}
	o, err := redis.ParseURL(text)
	if err != nil {
		return nil, fmt.Errorf("configure redis: read url: %w", err)
	}
	o.MaxRetries, o.DialerRetries, o.ContextTimeoutEnabled, o.DisableIdentity = -1, 1, true, true
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = timeout, timeout, timeout, timeout
	o.MaintNotificationsConfig = noNotifications()
	o.Dialer, o.CredentialsProvider = dial, config.credentials(o.Username)
	return redis.NewClient(o), nil
}

// newFailover returns a client of Sentinels and the master that they name.
func newFailover(config *Config, timeout time.Duration, dial dialer) (redis.UniversalClient, error) {
	o, err := redis.ParseFailoverURL(config.URL)
	if err != nil {
		return nil, fmt.Errorf("configure redis: read url: %w", err)
	}
	o.MaxRetries, o.DialerRetries, o.ContextTimeoutEnabled, o.DisableIdentity = -1, 1, true, true
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = timeout, timeout, timeout, timeout
	o.Dialer, o.CredentialsProvider = dial, config.credentials(o.Username)
	return redis.NewFailoverClient(o), nil
}

// newCluster returns a client of a Cluster.
func newCluster(config *Config, timeout time.Duration, dial dialer) (redis.UniversalClient, error) {
	o, err := redis.ParseClusterURL(config.URL)
	if err != nil {
		return nil, fmt.Errorf("configure redis: read url: %w", err)
	}
	o.MaxRetries, o.DialerRetries, o.ContextTimeoutEnabled, o.DisableIdentity = -1, 1, true, true
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = timeout, timeout, timeout, timeout
	o.MaintNotificationsConfig = noNotifications()
	o.Dialer, o.CredentialsProvider = dial, config.credentials(o.Username)
	o.DisableRoutingPolicies = true // they ask each node for its COMMANDs; only scripts are sent
	return redis.NewClusterClient(o), nil
}

func noNotifications() *maintnotifications.Config {
	return &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}

// credentials are called by each new connection; nil: what the URL has holds for all.
func (c *Config) credentials(user string) func() (name, password string) {
	if c.Password == nil {
		return nil
	}
	return func() (name, password string) { return user, c.Password() }
}

// secureDialer knows each server by the host that it dials. go-redis would know all nodes of a
// Cluster, and the master that a Sentinel names, by the host of the URL.
func secureDialer(timeout time.Duration, secure func() *tls.Config) dialer {
	if secure == nil {
		secure = func() *tls.Config { return &tls.Config{} }
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, fmt.Errorf("connect to redis: %w", err)
		}
		c := secure().Clone()
		c.ServerName, c.MinVersion = host, max(c.MinVersion, tls.VersionTLS12)
		d := tls.Dialer{NetDialer: &net.Dialer{Timeout: timeout}, Config: c}
		return d.DialContext(ctx, network, address)
	}
}
