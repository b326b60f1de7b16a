package stand

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A Peer is a plain proxy with which a gateway is compared.
type Peer struct {
	*Process
	Version string
	URL     string // of services, without the code
	Config  string // the text of its configuration
}

// Peers lists the peers by name.
func Peers() []string { return []string{"nginx", "nginx-unbuffered", "haproxy"} }

// Installed lists the peers whose programs are on this machine.
func Installed() []string {
	var list []string
	for _, name := range Peers() {
		if _, err := find(program(name)); err == nil {
			list = append(list, name)
		}
	}
	return list
}

// program returns the program that runs as a peer of this name.
func program(name string) string { return strings.TrimSuffix(name, "-unbuffered") }

// PeerConfig says how a peer runs.
type PeerConfig struct {
	Dir         string // StartPeer makes a folder in it
	Upstream    string // host:port of the registries
	Threads     int    // as many as the gateway has
	Connections int    // from callers at once
}

// StartPeer starts a peer before the registries. The peer keeps connections open
// on both sides, and writes a line of access log for each call to a file.
func StartPeer(ctx context.Context, name string, c PeerConfig) (*Peer, error) {
	if !slices.Contains(Peers(), name) {
		return nil, fmt.Errorf(
			"there is no peer %q; choose of %s", name, strings.Join(Peers(), ", "),
		)
	}
	path, err := find(program(name))
	if err != nil {
		return nil, err
	}
	c.Dir = filepath.Join(c.Dir, name)
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	port, err := Port()
	if err != nil {
		return nil, err
	}
	p := &Peer{
		URL:    fmt.Sprintf("http://127.0.0.1:%d/publikace", port),
		Config: haproxyConfig(c, port),
	}
	file := filepath.Join(c.Dir, name+".conf")
	args := []string{path, "-db", "-f", file}
	if program(name) == "nginx" {
		p.Config, args = nginxConfig(c, port, name == "nginx"), []string{path, "-p", c.Dir, "-e",
			"stderr", "-c", file}
	}
	if p.Version, err = version(path); err != nil {
		return nil, err
	}
	if err := os.WriteFile(file, []byte(p.Config), 0o600); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	p.Process, err = Start(ctx, Command{
		Name:  name,
		Dir:   c.Dir,
		Args:  args,
		Ready: answers(p.URL + "/E20"),
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// room is the number of connections that a peer must be able to have: for each one
// of a caller, one to the registries; and some for checks that it is ready.
func (c PeerConfig) room() int { return max(8192, 2*c.Connections+64) }

// answers returns a check that a server answers by HTTP, with whatever status.
func answers(url string) func() error {
	client := &http.Client{
		Timeout:   time.Second,
		Transport: &http.Transport{DisableKeepAlives: true},
	}
	return func() error {
		response, err := client.Get(url)
		if err != nil {
			return err
		}
		return discard(response.Body)
	}
}

// nginxConfig is a reverse proxy. With buffering it reads a message of up to 64 KiB
// into memory before it sends it on, as the gateway does.
func nginxConfig(c PeerConfig, port int, buffered bool) string {
	user := ""
	buffering := "client_body_buffer_size 128k; proxy_buffers 16 16k; proxy_buffer_size 16k;"
	if os.Geteuid() == 0 {
		user = "user root;\n"
	}
	if !buffered {
		buffering = "proxy_request_buffering off; proxy_buffering off;"
	}
	return fmt.Sprintf(`%sdaemon off;
worker_processes %d;
worker_rlimit_nofile %d;
pid %s/nginx.pid;
error_log stderr warn;
events { worker_connections %d; }
http {
  access_log %s/access.log;
  client_body_temp_path %s/body; proxy_temp_path %s/proxy; fastcgi_temp_path %s/fastcgi; uwsgi_temp_path %s/uwsgi; scgi_temp_path %s/scgi;
  keepalive_timeout 60s; keepalive_requests 1000000;
  client_max_body_size 0;
  upstream registries { server %s; keepalive %d; keepalive_requests 1000000; }
  server {
    listen 127.0.0.1:%d backlog=4096;
    location / {
      %s
      proxy_pass http://registries;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }
  }
}
`, user, c.Threads, 2*c.room(), c.Dir, c.room(), c.Dir, c.Dir, c.Dir, c.Dir, c.Dir, c.Dir, c.Upstream, max(512, c.Connections), port, buffering)
}

// haproxyConfig is a reverse proxy. Its log goes to standard output, which is a
// file.
func haproxyConfig(c PeerConfig, port int) string {
	return fmt.Sprintf(`global
  nbthread %d
  maxconn %d
  log stdout format raw local0
defaults
  mode http
  log global
  option httplog
  option http-keep-alive
  http-reuse always
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend callers
  bind 127.0.0.1:%d
  default_backend registries
backend registries
  server one %s
`, c.Threads, c.room(), port, c.Upstream)
}
