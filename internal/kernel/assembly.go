//go:build (amd64 || arm64) && !noasm

package kernel

//go:generate go run -C _asm . -isa avx2 -out ../avx2_amd64.s -stubs ../avx2_amd64.go -pkg kernel
//go:generate go run -C _asm . -isa avx512 -out ../avx512_amd64.s -stubs ../avx512_amd64.go -pkg kernel
//go:generate go run -C _asm . -isa avx512bf16 -out ../avx512bf16_amd64.s -stubs ../avx512bf16_amd64.go -pkg kernel
//go:generate go run -C _asm . -isa amx -out ../amx_amd64.s -stubs ../amx_amd64.go -pkg kernel
//go:generate go run -C _asm ./neon -out ../neon_arm64.s -stubs ../neon_arm64.go
