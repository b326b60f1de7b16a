package journal

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"time"
)

// severity is that of copies: facility authpriv, severity notice (RFC 5424 §6.2.1).
const severity = 10*8 + 5

// toSyslog sends copies as messages of RFC 5424: to a socket of this machine by its path, or
// over the network. Over TCP a message begins with its length (RFC 6587 §3.4.1). Over UDP, and
// to a socket, nobody confirms a message.
func toSyslog(address, gateway string) (sender, error) {
	network, to, err := syslogAddress(address)
	if err != nil {
		return nil, err
	}
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "-"
	}
	return func(ctx context.Context, text []byte) error {
		message := fmt.Appendf(nil, "<%d>1 %s %s brana %d seal - %s %s", severity,
			time.Now().Format("2006-01-02T15:04:05.000000Z07:00"), host, os.Getpid(), word(gateway),
			strings.TrimSuffix(string(text), "\n"))
		return sendSyslog(ctx, network, to, message)
	}, nil
}

// word is a name without blanks, for a text of words.
func word(name string) string {
	if name = strings.Join(strings.Fields(name), "_"); name == "" {
		return "-"
	}
	return name
}

func syslogAddress(address string) (network, to string, err error) {
	network, to, found := strings.Cut(address, ":")
	switch {
	case strings.HasPrefix(address, "/"):
		return "unixgram", address, nil
	case found && (network == "udp" || network == "tcp"):
		if _, _, err := net.SplitHostPort(to); err == nil {
			return network, to, nil
		}
	}
	return "", "", fmt.Errorf(
		"syslog is %q: write /dev/log, udp:HOST:PORT or tcp:HOST:PORT", address)
}

// sendSyslog sends one message over a connection of its own. A socket of this machine may be
// one of datagrams or of a stream.
func sendSyslog(ctx context.Context, network, to string, message []byte) error {
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, to)
	if err != nil && network == "unixgram" {
		network = "unix"
		conn, err = d.DialContext(ctx, network, to)
	}
	if err != nil {
		return err
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return err
		}
	}
	switch network {
	case "tcp":
		message = append(fmt.Appendf(nil, "%d ", len(message)), message...)
	case "unix":
		message = append(message, 0)
	}
	_, err = conn.Write(message)
	return err
}
