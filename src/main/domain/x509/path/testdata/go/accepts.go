// Says of each chain whether crypto/x509 accepts it: reads [{ "what", "root", "middle", "leaf" }] with base64 of DER, and writes
// { "go": the version, "refusals": { what: the error, or "" } }.
//go:debug default=go1.24

package main

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"io"
	"os"
	"runtime"
	"time"
)

type chain struct {
	What, Root, Middle, Leaf string
}

func read(text string) (*x509.Certificate, error) {
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return x509.ParseCertificate(der)
}

func verify(c chain) error {
	root, err := read(c.Root)
	if err != nil {
		return err
	}
	middle, err := read(c.Middle)
	if err != nil {
		return err
	}
	leaf, err := read(c.Leaf)
	if err != nil {
		return err
	}
	roots, pool := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(root)
	pool.AddCert(middle)
	_, err = leaf.Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: pool,
		CurrentTime: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC),
		KeyUsages:   []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	return err
}

func main() {
	text, _ := io.ReadAll(os.Stdin)
	var chains []chain
	if err := json.Unmarshal(text, &chains); err != nil {
		panic(err)
	}
	refusals := map[string]string{}
	for _, c := range chains {
		refusals[c.What] = ""
		if err := verify(c); err != nil {
			refusals[c.What] = err.Error()
		}
	}
	json.NewEncoder(os.Stdout).Encode(map[string]any{"go": runtime.Version(), "refusals": refusals})
}
