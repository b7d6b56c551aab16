package bake

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

var pngMagic = []byte("\x89PNG\r\n\x1a\n")

// keyword names the chunk of text that holds the credential.
const keyword = "openbadgecredential"

// bakePNG puts the credential into an iTXt chunk right after the header.
func bakePNG(image []byte, credential string) ([]byte, error) {
	var out bytes.Buffer
	out.Write(pngMagic)
	first := true
	err := chunks(image, func(kind string, data, whole []byte) error {
		if kind == "iTXt" && bytes.HasPrefix(data, []byte(keyword+"\x00")) {
			return nil // what was baked before makes room
		}
		out.Write(whole)
		if first {
			// No compression, no language, no translated keyword.
			writeChunk(&out, "iTXt", append([]byte(keyword+"\x00\x00\x00\x00\x00"), credential...))
			first = false
		}
		return nil
	})
	return out.Bytes(), err
}

// unbakePNG finds the credential; nil if there is none.
func unbakePNG(image []byte) (credential []byte, err error) {
	err = chunks(image, func(kind string, data, _ []byte) error {
		text, ok := bytes.CutPrefix(data, []byte(keyword+"\x00"))
		if kind != "iTXt" || !ok {
			return nil
		}
		if credential != nil {
			return several()
		}
		// Two flags of compression, then the language and the translated keyword.
		parts := bytes.SplitN(text, []byte{0}, 5)
		if len(text) < 2 || text[0] != 0 || text[1] != 0 || len(parts) != 5 {
			return damaged(nil)
		}
		credential = parts[4]
		return nil
	})
	return credential, err
}

// chunks goes through an image's chunks, each with its length, kind and checksum.
func chunks(image []byte, each func(kind string, data, whole []byte) error) error {
	rest, ok := bytes.CutPrefix(image, pngMagic)
	if !ok {
		return damaged(nil)
	}
	for n := 0; ; n++ {
		if len(rest) < 12 {
			return damaged(nil)
		}
		length := binary.BigEndian.Uint32(rest)
		if uint64(length) > uint64(len(rest)-12) {
			return damaged(nil)
		}
		end := 8 + int(length)
		kind, data, whole := string(rest[4:8]), rest[8:end], rest[:end+4]
		if crc32.ChecksumIEEE(rest[4:end]) != binary.BigEndian.Uint32(rest[end:]) || n == 0 && kind != "IHDR" {
			return damaged(nil)
		}
		if err := each(kind, data, whole); err != nil {
			return err
		}
		if kind == "IEND" {
			return nil
		}
		rest = rest[end+4:]
	}
}

func writeChunk(out *bytes.Buffer, kind string, data []byte) {
	body := append([]byte(kind), data...)
	_ = binary.Write(out, binary.BigEndian, uint32(len(data))) // a buffer takes everything
	out.Write(body)
	_ = binary.Write(out, binary.BigEndian, crc32.ChecksumIEEE(body))
}
