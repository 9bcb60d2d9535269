package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// A raw copy over TLS 1.3 is what the others are held against: bytes from a file
// to a connection to a file, with no protocol, no hash, and no word of what
// arrived but one byte at the end.

// serveTLS runs this program as the far end.
func serveTLS(sync bool) func(context.Context, *arena) error {
	return func(ctx context.Context, a *arena) (err error) {
		self, err := os.Executable()
		if err != nil {
			return err
		}
		a.where = filepath.Join(a.dir, "certificate")
		a.server, err = a.far.Talk("tls", self, "tls", "--serve", a.addr, "--into", a.target, "--certificate", a.where, fmt.Sprintf("--fsync=%v", sync))
		if err != nil {
			return err
		}
		var port int
		if err := a.server.Hear(ctx, &port); err != nil {
			return err
		}
		a.addr = net.JoinHostPort(a.addr, fmt.Sprint(port))
		return nil
	}
}

func sendTLS(a *arena, j *job) []string {
	self, _ := os.Executable()
	return []string{self, "tls", "--to", a.addr, "--certificate", a.where, j.source}
}

// rawTLS is what the bench runs itself as.
func rawTLS(args []string) error {
	f := flag.NewFlagSet("tls", flag.ContinueOnError)
	serve := f.String("serve", "", "an address to listen on")
	into := f.String("into", "", "the folder for what comes")
	to := f.String("to", "", "where to send to")
	certificate := f.String("certificate", "", "the server's, a file")
	sync := f.Bool("fsync", false, "write through to the disk")
	if err := f.Parse(args); err != nil {
		return err
	}
	if *serve == "" {
		return sendRaw(*to, *certificate, f.Arg(0))
	}
	return receiveRaw(*serve, *certificate, *into, *sync)
}

const rawBuffer = 256 << 10

func sendRaw(to, certificate, path string) error {
	text, err := os.ReadFile(certificate)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	c, err := tls.Dial("tcp", to, &tls.Config{RootCAs: roots, ServerName: "bench", MinVersion: tls.VersionTLS13})
	if err != nil {
		return err
	}
	defer c.Close()
	from, err := os.Open(path)
	if err != nil {
		return err
	}
	defer from.Close()
	name := filepath.Base(path)
	if _, err := c.Write(append([]byte{byte(len(name))}, name...)); err != nil {
		return err
	}
	if _, err := io.CopyBuffer(struct{ io.Writer }{c}, struct{ io.Reader }{from}, make([]byte, rawBuffer)); err != nil {
		return err
	}
	if err := c.CloseWrite(); err != nil {
		return err
	}
	_, err = io.ReadFull(c, make([]byte, 1))
	return err
}

func receiveRaw(addr, certificate, into string, sync bool) error {
	pair, err := ownCertificate(certificate)
	if err != nil {
		return err
	}
	l, err := tls.Listen("tcp", net.JoinHostPort(addr, "0"), &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS13})
	if err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(l.Addr().(*net.TCPAddr).Port); err != nil {
		return err
	}
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		err = takeRaw(c, into, sync)
		c.Close()
		if err != nil {
			return err
		}
	}
}

func takeRaw(c net.Conn, into string, sync bool) error {
	name := make([]byte, 1)
	if _, err := io.ReadFull(c, name); err != nil {
		return err
	}
	name = make([]byte, name[0])
	if _, err := io.ReadFull(c, name); err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(into, filepath.Base(string(name))))
	if err != nil {
		return err
	}
	_, err = io.CopyBuffer(struct{ io.Writer }{f}, c, make([]byte, rawBuffer))
	if err == nil && sync {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	_, err = c.Write([]byte{1})
	return err
}

// ownCertificate makes a key, and writes its certificate to a file.
func ownCertificate(path string) (pair tls.Certificate, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return pair, err
	}
	text := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"bench"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, text, text, key.Public(), key)
	if err != nil {
		return pair, err
	}
	err = os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}
