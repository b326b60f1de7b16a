package ledger

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/redis/go-redis/v9"
)

// plainErrors is a hook of go-redis that puts the errors of a server into words of this package.
// The bytes of a connection can be anything: those of another server, or the arguments of a
// script. They belong in no log.
type plainErrors struct{}

func (plainErrors) DialHook(next redis.DialHook) redis.DialHook { return next }

func (plainErrors) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := plain(next(ctx, cmd))
		cmd.SetErr(err)
		return err
	}
}

func (plainErrors) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		err := plain(next(ctx, cmds))
		for _, cmd := range cmds {
			cmd.SetErr(plain(cmd.Err()))
		}
		return err
	}
}

// plainError is an error in words of this package.
type plainError string

func (o plainError) Error() string { return string(o) }

// redisError is an error that Redis answered, by its code.
type redisError string

// The code comes first, with a space after it, where go-redis looks for it.
func (s redisError) Error() string {
	return string(s) + " is the answer of redis" + meanings[string(s)]
}

// RedisError makes it a redis.Error.
func (redisError) RedisError() {}

// meanings are what some codes mean.
var meanings = map[string]string{
	"CLUSTERDOWN": ": the Cluster serves not all of its slots",
	"LOADING":     ": it reads its file",
	"MASTERDOWN":  ": it is a replica without its master",
	"MISCONF":     ": it cannot write its file, and so takes no writes",
	"NOAUTH":      ": it wants a password",
	"NOPERM":      ": the user lacks a right",
	"NOREPLICAS":  ": it has too few replicas to take writes",
	"OOM":         ": it is full",
	"READONLY":    ": it is a replica",
	"WRONGPASS":   ": the name or the password is wrong",
}

// codes are those that are passed on without a meaning.
var codes = []string{
	"ASK", "BUSY", "CROSSSLOT", "DENIED", "ERR", "EXECABORT", "MOVED", "NOPROTO", "NOSCRIPT",
	"TRYAGAIN", "UNBLOCKED", "UNKILLABLE", "WRONGTYPE",
}

// goErrors are those of Go and of go-redis that hold nothing that a server sent.
var goErrors = []error{
	context.DeadlineExceeded, context.Canceled, os.ErrDeadlineExceeded, io.EOF, io.ErrUnexpectedEOF,
	net.ErrClosed, redis.ErrClosed, redis.ErrPoolTimeout, redis.ErrPoolExhausted,
}

// redisErrorOf is the error that a server answered, without what follows its code. Errors without a
// code of their own are known by the words of Redis.
func redisErrorOf(text string) redisError {
	for phrase, code := range map[string]redisError{
		"max number of clients reached":   "ERR (too many clients)",
		"without any password configured": "ERR (it has no password)",
		"unknown command":                 "ERR (unknown command)",
		"DB index is out of range":        "ERR (no such database)",
		"cluster support disabled":        "ERR (it is no Cluster)",
	} {
		if strings.Contains(text, phrase) {
			return code
		}
	}
	code, _, _ := strings.Cut(text, " ")
	if meanings[code] == "" && !slices.Contains(codes, code) {
		code = "ERR"
	}
	return redisError(code)
}

// plain is an error of go-redis without anything that a server sent.
func plain(err error) error {
	if err == nil || err == redis.Nil {
		return err // before anything is allocated
	}
	var (
		own    plainError
		code   redisError
		server redis.Error
		op     *net.OpError
		errno  syscall.Errno
		name   *net.DNSError
	)
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &code):
		return code
	case errors.As(err, &server):
		return redisErrorOf(server.Error())
	case errors.As(err, &op) && op.Op == "dial" && errors.As(err, &errno), errors.As(err, &name):
		return err // of the kernel and the resolver, with the address
	case errors.As(err, &errno):
		return fmt.Errorf("the connection failed: %w", errno)
	}
	for _, known := range goErrors {
		if errors.Is(err, known) {
			return known
		}
	}
	if text := handshakeError(err); text != "" {
		return plainError(text)
	}
	return plainError(fmt.Sprintf("what came is no answer of redis (%T)", err))
}

// handshakeError is what is wrong by an error of TLS; empty for any other error.
func handshakeError(err error) string {
	var (
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
		plain     tls.RecordHeaderError
		alert     tls.AlertError
		op        *net.OpError
	)
	switch {
	case errors.As(err, &authority):
		return "the certificate of redis is signed by no CA that is trusted"
	case errors.As(err, &host):
		return "the certificate of redis is not of " + host.Host // as it is called
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "the certificate of redis has expired, or is not valid yet"
	case errors.As(err, &invalid):
		return fmt.Sprintf("the certificate of redis is not valid (reason %d of crypto/x509)",
			invalid.Reason)
	case errors.As(err, &plain):
		return "redis does not speak TLS"
	case errors.As(err, &alert):
		return "the handshake with redis failed with an alert, " + alert.Error()
	case errors.As(err, &op) && fmt.Sprintf("%T", op.Err) == "tls.alert":
		return "the handshake with redis failed with an alert, " + op.Err.Error()
	}
	return ""
}

// noLog is where go-redis may write past the log: calls return what it has to say.
type noLog struct{}

func (noLog) Printf(context.Context, string, ...any) {}
