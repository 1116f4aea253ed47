// The records of RFC 8448 §3 ("Simple 1-RTT Handshake"): opened with keys derived from the trace's
// secrets, and sealed again to the same bytes.
#include <gtest/gtest.h>

#include "crypto/kdf.hpp"
#include "crypto/record/protection.hpp"
#include "tests/crypto/hex.hpp"
#include "tests/crypto/isas.hpp"

namespace culvert::crypto::record {
namespace {

constexpr const char* kClientHandshake =
    "b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21";
constexpr const char* kServerApplication =
    "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643";
constexpr const char* kClientApplication =
    "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5";

constexpr const char* kPayload =
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e"
    "2f3031";

struct TraceRecord {
  const char* secret;
  uint64_t sequence;
  ContentType type;
  const char* payload;
  const char* record;
};

constexpr TraceRecord kRecords[] = {
    // Client's Finished.
    {kClientHandshake, 0, ContentType::handshake,
     "14000020a8ec436d677634ae525ac1fcebe11a039ec17694fac6e98527b642f2edd5ce61",
     "170303003575ec4dc238cce60b298044a71e219c56cc77b0517fe9b93c7a4bfc44d87f38f80338ac98fc46deb384b"
     "d1c"
     "aeacab6867d726c40546"},
    // Application data, 50 bytes each way; the server's ticket was sequence 0.
    {kClientApplication, 0, ContentType::application_data, kPayload,
     "1703030043a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b395bd54a9a20441"
     "e2b"
     "62974e1f5a6292a2977014bd1e3deae63aeebb21694915e4"},
    {kServerApplication, 1, ContentType::application_data, kPayload,
     "17030300432e937e11ef4ac740e538ad36005fc4a46932fc3225d05f82aa1b36e30efaf97d90e6dffc602dcb501a5"
     "9a8"
     "fcc49c4bf2e5f0a21c0047c2abf332540dd032e167c2955d"},
    // Alerts: close_notify.
    {kClientApplication, 1, ContentType::alert, "0100",
     "1703030013c9872760655666b74d7ff1153efd6db6d0b0e3"},
    {kServerApplication, 2, ContentType::alert, "0100",
     "1703030013b58fd67166ebf599d24720cfbe7efa7a8864a9"},
};

class Rfc8448Test : public testing::TestWithParam<Isa> {};

TEST_P(Rfc8448Test, RecordsOpenAndSealToTheSameBytes) {
  const MbManager mb(GetParam());
  const Suite& suite = *find_suite(Version::tls13, "TLS_AES_128_GCM_SHA256");
  for (const TraceRecord& trace : kRecords) {
    SCOPED_TRACE(trace.record);
    KeyMaterial material = tls13_keys(suite, from_hex(trace.secret));
    material.sequence = trace.sequence;
    const auto record = from_hex(trace.record);
    const auto payload = from_hex(trace.payload);

    Keys keys;
    ASSERT_TRUE(keys.install(mb, material));
    std::vector<uint8_t> out(record.size());
    OpenOp op{&keys, record.data(), static_cast<uint32_t>(record.size()), out.data(), 0, {}, {}};
    open(mb, {&op, 1});
    ASSERT_EQ(op.status, OpenStatus::ok);
    EXPECT_EQ(op.type, trace.type);
    out.resize(op.payload_size);
    EXPECT_EQ(out, payload);

    ASSERT_TRUE(keys.install(mb, material));
    std::vector<uint8_t> sealed(payload.size() + overhead(suite).total());
    std::copy(payload.begin(), payload.end(), sealed.begin() + overhead(suite).prefix);
    SealOp seal_op{&keys, sealed.data(), static_cast<uint32_t>(payload.size()), trace.type, 0};
    seal(mb, {&seal_op, 1});
    EXPECT_EQ(seal_op.record_size, sealed.size());
    EXPECT_EQ(sealed, record);
  }
}

INSTANTIATE_TEST_SUITE_P(All, Rfc8448Test, testing::ValuesIn(usable_isas()), isa_name);

}  // namespace
}  // namespace culvert::crypto::record
