#include "textflag.h"

// The shares of blue, green, red and nothing, as convert.go has them.
DATA shares<>+0(SB)/8, $0x000026464b230e97  // luma
DATA shares<>+8(SB)/8, $0x0000ea67d5994000  // chroma, blue
DATA shares<>+16(SB)/8, $0x00004000ca68f598 // chroma, red
GLOBL shares<>(SB), RODATA|NOPTR, $24

// Words of 128, and the halves, as convert.go has them.
DATA halves<>+0(SB)/4, $0x00004000  // yHalf
DATA halves<>+4(SB)/4, $0x00003fff  // fullHalf
DATA halves<>+8(SB)/4, $0x0000ffff  // quartHalf
DATA halves<>+12(SB)/4, $0x00800080
GLOBL halves<>(SB), RODATA|NOPTR, $16

// Packing leaves the pairs of samples 0 2 4 6 1 3 5 7; this puts them in order.
DATA pairs<>+0(SB)/8, $0x0b0a030209080100
DATA pairs<>+8(SB)/8, $0x0f0e07060d0c0504
GLOBL pairs<>(SB), RODATA|NOPTR, $16

// The constants of the transform: c4, c6, c2m6, c2p6.
DATA cosines<>+0(SB)/4, $0x3f3504f3
DATA cosines<>+4(SB)/4, $0x3ec3ef15
DATA cosines<>+8(SB)/4, $0x3f0a8bd4
DATA cosines<>+12(SB)/4, $0x3fa73d75
GLOBL cosines<>(SB), RODATA|NOPTR, $16

// WEIGH makes of 16 pixels of four words each, in p0 to p3, 16 words of their
// weighted sums: first those of the pixels 0 1 4 5 8 9 12 13, then the rest. It
// leaves the result in d, and uses t0, t1, t2. half is a register of dwords.
#define WEIGH(p0, p1, p2, p3, share, half, d, t0, t1, t2) \
	VPMADDWD  share, p0, d   \
	VPMADDWD  share, p1, t0  \
	VPMADDWD  share, p2, t1  \
	VPMADDWD  share, p3, t2  \
	VPHADDD   t0, d, d       \
	VPHADDD   t2, t1, t1     \
	VPADDD    half, d, d     \
	VPADDD    half, t1, t1   \
	VPSRAD    $15, d, d      \
	VPSRAD    $15, t1, t1    \
	VPACKSSDW t1, d, d

// func convertHalfAVX2(a, b *byte, n int, y, cb, cr *int8)
TEXT ·convertHalfAVX2(SB), NOSPLIT, $0-48
	MOVQ a+0(FP), SI
	MOVQ b+8(FP), DI
	MOVQ n+16(FP), CX
	MOVQ y+24(FP), R8
	MOVQ cb+32(FP), R9
	MOVQ cr+40(FP), R10

	VPBROADCASTQ shares<>+0(SB), Y15
	VPBROADCASTQ shares<>+8(SB), Y14
	VPBROADCASTQ shares<>+16(SB), Y13

half:
	// 16 pixels of both rows, a word for each colour.
	VPMOVZXBW (SI), Y0
	VPMOVZXBW 16(SI), Y1
	VPMOVZXBW 32(SI), Y2
	VPMOVZXBW 48(SI), Y3
	VPMOVZXBW (DI), Y4
	VPMOVZXBW 16(DI), Y5
	VPMOVZXBW 32(DI), Y6
	VPMOVZXBW 48(DI), Y7

	// The sums of 2 by 2 pixels: in Y10 of the columns 01 45 23 67, in Y11 of
	// those eight further.
	VPADDW      Y4, Y0, Y8
	VPADDW      Y5, Y1, Y9
	VPUNPCKLQDQ Y9, Y8, Y10
	VPUNPCKHQDQ Y9, Y8, Y11
	VPADDW      Y11, Y10, Y10
	VPADDW      Y6, Y2, Y8
	VPADDW      Y7, Y3, Y9
	VPUNPCKLQDQ Y9, Y8, Y11
	VPUNPCKHQDQ Y9, Y8, Y12
	VPADDW      Y12, Y11, Y11

	// Chroma.
	VPMADDWD     Y14, Y10, Y8
	VPMADDWD     Y14, Y11, Y9
	VPHADDD      Y9, Y8, Y8
	VPMADDWD     Y13, Y10, Y9
	VPMADDWD     Y13, Y11, Y12
	VPHADDD      Y12, Y9, Y9
	VPBROADCASTD halves<>+8(SB), Y10
	VPADDD       Y10, Y8, Y8
	VPADDD       Y10, Y9, Y9
	VPSRAD       $17, Y8, Y8
	VPSRAD       $17, Y9, Y9
	VPACKSSDW    Y9, Y8, Y8
	VPACKSSWB    Y8, Y8, Y8
	VEXTRACTI128 $1, Y8, X9
	VPUNPCKLBW   X9, X8, X8
	VMOVQ        X8, (R9)
	VPEXTRQ      $1, X8, (R10)

	// Luma of both rows.
	VPBROADCASTD   halves<>+0(SB), Y12
	WEIGH(Y0, Y1, Y2, Y3, Y15, Y12, Y8, Y9, Y10, Y11)
	WEIGH(Y4, Y5, Y6, Y7, Y15, Y12, Y0, Y9, Y10, Y11)
	VPBROADCASTD   halves<>+12(SB), Y1
	VBROADCASTI128 pairs<>(SB), Y2
	VPSUBW         Y1, Y8, Y8
	VPSUBW         Y1, Y0, Y0
	VPACKSSWB      Y0, Y8, Y8
	VPERMQ         $0xd8, Y8, Y8
	VPSHUFB        Y2, Y8, Y8
	VMOVDQU        X8, (R8)
	VEXTRACTI128   $1, Y8, 256(R8)

	ADDQ $64, SI
	ADDQ $64, DI
	ADDQ $16, R8
	ADDQ $8, R9
	ADDQ $8, R10
	DECQ CX
	JNZ  half
	VZEROUPPER
	RET

// func convertFullAVX2(a *byte, n int, y, cb, cr *int8)
TEXT ·convertFullAVX2(SB), NOSPLIT, $0-40
	MOVQ a+0(FP), SI
	MOVQ n+8(FP), CX
	MOVQ y+16(FP), R8
	MOVQ cb+24(FP), R9
	MOVQ cr+32(FP), R10

	VPBROADCASTQ shares<>+0(SB), Y15
	VPBROADCASTQ shares<>+8(SB), Y14
	VPBROADCASTQ shares<>+16(SB), Y13
	VPBROADCASTD halves<>+0(SB), Y12
	VPBROADCASTD halves<>+4(SB), Y11

full:
	VPMOVZXBW (SI), Y0
	VPMOVZXBW 16(SI), Y1
	VPMOVZXBW 32(SI), Y2
	VPMOVZXBW 48(SI), Y3
	WEIGH(Y0, Y1, Y2, Y3, Y15, Y12, Y4, Y7, Y8, Y9)
	WEIGH(Y0, Y1, Y2, Y3, Y14, Y11, Y5, Y7, Y8, Y9)
	WEIGH(Y0, Y1, Y2, Y3, Y13, Y11, Y6, Y7, Y8, Y9)

	VPBROADCASTD   halves<>+12(SB), Y7
	VBROADCASTI128 pairs<>(SB), Y8
	VPSUBW         Y7, Y4, Y4
	VPACKSSWB      Y5, Y4, Y4
	VPACKSSWB      Y6, Y6, Y6
	VPERMQ         $0xd8, Y4, Y4
	VPERMQ         $0xd8, Y6, Y6
	VPSHUFB        Y8, Y4, Y4
	VPSHUFB        Y8, Y6, Y6
	VMOVDQU        X4, (R8)
	VEXTRACTI128   $1, Y4, (R9)
	VMOVDQU        X6, (R10)

	ADDQ $64, SI
	ADDQ $16, R8
	ADDQ $16, R9
	ADDQ $16, R10
	DECQ CX
	JNZ  full
	VZEROUPPER
	RET

// DCT transforms the eight values in Y0 to Y7, eight of them at once, with
// c4, c6, c2m6 and c2p6 in Y12 to Y15. The results, in their order, are in
// Y10 Y1 Y2 Y0 Y11 Y5 Y3 Y7; Y4 Y6 Y8 Y9 are used. The steps are those of dct.
#define DCT \
	VADDPS Y7, Y0, Y8    \
	VSUBPS Y7, Y0, Y7    \
	VADDPS Y6, Y1, Y9    \
	VSUBPS Y6, Y1, Y6    \
	VADDPS Y5, Y2, Y10   \
	VSUBPS Y5, Y2, Y5    \
	VADDPS Y4, Y3, Y11   \
	VSUBPS Y4, Y3, Y4    \
	VADDPS Y11, Y8, Y0   \
	VSUBPS Y11, Y8, Y8   \
	VADDPS Y10, Y9, Y1   \
	VSUBPS Y10, Y9, Y9   \
	VADDPS Y1, Y0, Y10   \
	VSUBPS Y1, Y0, Y11   \
	VADDPS Y8, Y9, Y9    \
	VMULPS Y12, Y9, Y9   \
	VADDPS Y9, Y8, Y2    \
	VSUBPS Y9, Y8, Y3    \
	VADDPS Y5, Y4, Y4    \
	VADDPS Y6, Y5, Y5    \
	VADDPS Y7, Y6, Y6    \
	VSUBPS Y6, Y4, Y8    \
	VMULPS Y13, Y8, Y8   \
	VMULPS Y14, Y4, Y4   \
	VADDPS Y8, Y4, Y4    \
	VMULPS Y15, Y6, Y6   \
	VADDPS Y8, Y6, Y6    \
	VMULPS Y12, Y5, Y5   \
	VADDPS Y5, Y7, Y9    \
	VSUBPS Y5, Y7, Y7    \
	VADDPS Y4, Y7, Y5    \
	VSUBPS Y4, Y7, Y0    \
	VADDPS Y6, Y9, Y1    \
	VSUBPS Y6, Y9, Y7      // f7

// TRANSPOSE takes what DCT leaves as rows, and puts the columns into Y0 to Y7.
#define TRANSPOSE \
	VUNPCKLPS  Y1, Y10, Y4        \
	VUNPCKHPS  Y1, Y10, Y6        \
	VUNPCKLPS  Y0, Y2, Y8         \
	VUNPCKHPS  Y0, Y2, Y9         \
	VUNPCKLPD  Y8, Y4, Y0         \
	VUNPCKHPD  Y8, Y4, Y1         \
	VUNPCKLPD  Y9, Y6, Y2         \
	VUNPCKHPD  Y9, Y6, Y10        \
	VUNPCKLPS  Y5, Y11, Y4        \
	VUNPCKHPS  Y5, Y11, Y6        \
	VUNPCKLPS  Y7, Y3, Y8         \
	VUNPCKHPS  Y7, Y3, Y9         \
	VUNPCKLPD  Y8, Y4, Y11        \
	VUNPCKHPD  Y8, Y4, Y5         \
	VUNPCKLPD  Y9, Y6, Y3         \
	VUNPCKHPD  Y9, Y6, Y7         \
	VPERM2F128 $0x31, Y11, Y0, Y4 \
	VPERM2F128 $0x20, Y11, Y0, Y0 \
	VPERM2F128 $0x20, Y5, Y1, Y8  \
	VPERM2F128 $0x31, Y5, Y1, Y5  \
	VMOVAPS    Y8, Y1             \
	VPERM2F128 $0x31, Y3, Y2, Y6  \
	VPERM2F128 $0x20, Y3, Y2, Y2  \
	VPERM2F128 $0x20, Y7, Y10, Y3 \
	VPERM2F128 $0x31, Y7, Y10, Y7

// QUANTISE makes of one column of coefficients the nearest integers.
#define QUANTISE(at, f) \
	VMULPS    at(BX), f, f \
	VCVTPS2DQ f, f

// GROUP3 collects eight coefficients of the order, whose shuffles are at s, from
// three registers into d; the two halves of d are still to be joined. GROUP2 does
// so from two.
#define GROUP2(s, p, q, d, t) \
	VPSHUFB s(DX), p, d    \
	VPSHUFB s+32(DX), q, t \
	VPOR    t, d, d

#define GROUP3(s, p, q, r, d, t) \
	GROUP2(s, p, q, d, t)  \
	VPSHUFB s+64(DX), r, t \
	VPOR    t, d, d

// STORE joins the halves of two groups, leaves both in a and writes them.
#define STORE(at, a, b, t) \
	VPERM2I128 $0x20, b, a, t \
	VPERM2I128 $0x31, b, a, a \
	VPOR       t, a, a        \
	VMOVDQU    a, at(DI)

// NONZERO gives a bit for each coefficient in a and b that is not zero. zero is a
// register of zeros.
#define NONZERO(a, b, zero, bits) \
	VPCMPEQW  zero, a, a   \
	VPCMPEQW  zero, b, b   \
	VPACKSSWB b, a, a      \
	VPERMQ    $0xd8, a, a  \
	VPMOVMSKB a, bits      \
	NOTL      bits

// LOAD takes a row of samples.
#define LOAD(at, y) \
	VPMOVSXBD at(SI), y \
	VCVTDQ2PS y, y

// func transformAVX2(src *int8, scale *float32, out *block, masks *uint64, n int, shuffles *uint8)
TEXT ·transformAVX2(SB), NOSPLIT, $0-48
	MOVQ src+0(FP), SI
	MOVQ scale+8(FP), BX
	MOVQ out+16(FP), DI
	MOVQ masks+24(FP), R8
	MOVQ n+32(FP), CX
	MOVQ shuffles+40(FP), DX

	VBROADCASTSS cosines<>+0(SB), Y12
	VBROADCASTSS cosines<>+4(SB), Y13
	VBROADCASTSS cosines<>+8(SB), Y14
	VBROADCASTSS cosines<>+12(SB), Y15

next:
	LOAD(0, Y0)
	LOAD(256, Y1)
	LOAD(512, Y2)
	LOAD(768, Y3)
	LOAD(1024, Y4)
	LOAD(1280, Y5)
	LOAD(1536, Y6)
	LOAD(1792, Y7)
	DCT
	TRANSPOSE
	DCT

	QUANTISE(0, Y10)
	QUANTISE(32, Y1)
	QUANTISE(64, Y2)
	QUANTISE(96, Y0)
	QUANTISE(128, Y11)
	QUANTISE(160, Y5)
	QUANTISE(192, Y3)
	QUANTISE(224, Y7)

	// Columns 01, 23, 45, 67 in Y4, Y6, Y8, Y9.
	VPACKSSDW Y1, Y10, Y4
	VPACKSSDW Y0, Y2, Y6
	VPACKSSDW Y5, Y11, Y8
	VPACKSSDW Y7, Y3, Y9

	// Group i takes its shuffle of columns 2k and 2k+1 at 128i+32k.
	GROUP2(0, Y4, Y6, Y0, Y11)
	GROUP3(128, Y4, Y6, Y8, Y1, Y11)
	GROUP3(256, Y4, Y6, Y8, Y2, Y11)
	GROUP3(416, Y6, Y8, Y9, Y3, Y11)
	STORE(0, Y0, Y1, Y11)
	STORE(32, Y2, Y3, Y11)
	VPXOR Y10, Y10, Y10
	NONZERO(Y0, Y2, Y10, AX)
	GROUP3(512, Y4, Y6, Y8, Y0, Y11)
	GROUP3(672, Y6, Y8, Y9, Y1, Y11)
	GROUP3(800, Y6, Y8, Y9, Y2, Y11)
	GROUP2(960, Y8, Y9, Y3, Y11)
	STORE(64, Y0, Y1, Y11)
	STORE(96, Y2, Y3, Y11)
	NONZERO(Y0, Y2, Y10, R9)

	SHLQ $32, R9
	ORQ  R9, AX
	MOVQ AX, (R8)

	ADDQ $8, SI
	ADDQ $128, DI
	ADDQ $8, R8
	DECQ CX
	JNZ  next
	VZEROUPPER
	RET
