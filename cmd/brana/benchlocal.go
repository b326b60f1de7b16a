package main

import (
	"context"
	"errors"
	"os"
	"time"

	"brana/cmd/brana/config"
)

// localRegistries serves simulated registries in this process.
func localRegistries(persons int, set []string) (address string, stop func() error, err error) {
	flags := simFlags{Persons: persons, Seed: 1, Sim: "127.0.0.1:0", Set: set}
	server, listener, err := flags.start()
	if err != nil {
		return "", nil, err
	}
	go func() { _ = server.Serve(listener) }() // Shutdown ends it
	return listener.Addr().String(), func() error { return stopRegistries(server) }, nil
}

// localGateway serves a gateway in this process. It logs to a file.
func localGateway(file, log string) (url string, stop func() error, err error) {
	c, err := config.Read(file, os.LookupEnv)
	if err != nil {
		return "", nil, err
	}
	out, err := os.Create(log)
	if err != nil {
		return "", nil, err
	}
	lines, err := openLog(&c.Log, stdio{out, out})
	if err != nil {
		return "", nil, errors.Join(err, out.Close())
	}
	w, err := wire(c, policyLoader(c), lines)
	if err != nil {
		return "", nil, errors.Join(err, out.Close())
	}
	listener, admin, err := openListeners(c)
	if err != nil {
		return "", nil, errors.Join(err, w.close(), out.Close())
	}
	adminServer := w.adminServer(lines.Logger)
	go func() { _ = w.gateway.Serve(listener) }() // Shutdown ends it
	go func() { _ = adminServer.Serve(admin) }()  // Close ends it
	w.start()
	stop = func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		return errors.Join(w.gateway.Shutdown(ctx), adminServer.Close(), w.close(), out.Close())
	}
	return c.Listen.Scheme() + "://" + listener.Addr().String() + c.Listen.Prefix, stop, nil
}
