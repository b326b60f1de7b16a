// Package config is brana.yaml: its shape, its defaults, its checks.
//
// It turns a text into values and says all that is wrong with them, each by its
// key or its place. An unknown key is a mistake like any other. It opens no
// file but brana.yaml, connects to nothing and wires nothing: package main makes
// parts of what is read here, and parts check what only they know.
//
// Each default has one owner. What a part uses when nothing is configured is
// the part's ([brana/gateway.Defaults], [brana/egon.DefaultBounds],
// [brana/upstream.DefaultBreaker]); [Default] has it from there and adds the
// rest. The example is compared with it, and docs/config.md is generated from
// the example.
package config
