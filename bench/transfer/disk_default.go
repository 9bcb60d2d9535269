//go:build !linux

package main

// The bench runs on Linux alone.

func settle(string) error { return nil }

func fileSystem(string) string { return "a file system" }
