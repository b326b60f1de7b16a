package main

import (
	"context"
	"embed"
	"errors"
	"fmt"

	"brana/cmd/brana/config"
	"brana/egon"
	"brana/policy"
)

//go:embed sample
var sample embed.FS

// samplePolicy is the configuration of the policy that is built in for a place.
func samplePolicy(e policy.Environment, at config.Place) policy.Config {
	c := policy.Config{Dir: "sample", MatrixFile: "sample/matrix.csv", Environment: e}
	if at == config.Publisher {
		c.Dir, c.Publisher = "sample/publisher", true
	}
	return c
}

// policyLoader loads the grants and the matrix that the configuration names.
func policyLoader(c *config.Config) func() (*policy.Snapshot, error) {
	return func() (*policy.Snapshot, error) {
		return policy.Load(policy.Config{
			Dir:         c.Policy.Dir,
			MatrixFile:  c.Policy.Matrix.File,
			Environment: c.Environment,
			Publisher:   c.Place == config.Publisher,
		})
	}
}

// policyOnDisk loads the policy without calling anybody: rows that E227 gives are
// those of their file.
func policyOnDisk(c *config.Config) (*policy.Snapshot, error) {
	load := policyLoader(c)
	if c.Policy.Matrix.E227 == "" {
		return load()
	}
	store, err := policy.NewStore(load)
	if err != nil {
		return nil, err
	}
	rows, err := policy.NewRows(rowsConfig(c, nobody{}), store)
	if err != nil {
		return nil, fmt.Errorf("policy.matrix: %w", err)
	}
	return store.Current(), errors.Join(rows.Loaded(), rows.Close())
}

// nobody is a source that is never asked.
type nobody struct{}

// Fetch calls nobody.
func (nobody) Fetch(context.Context, *egon.RightsQuery) ([]egon.RightsItem, error) {
	return nil, errors.New("nobody is called")
}
