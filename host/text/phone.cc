// phone.cc - libphonenumber for C.
#include "text/phone.h"

#include <phonenumbers/phonenumber.pb.h>
#include <phonenumbers/phonenumberutil.h>

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

// "00" is what much of the world dials for "abroad" and writes for a plus sign, also to countries
// that dial something else: libphonenumber would read 001-201... in the US as a national number.
static bool parse(const std::string &s, const char *country, PhoneNumber *number)
{
    const PhoneNumberUtil *util = PhoneNumberUtil::GetInstance();

    if (s.compare(0, 2, "00") == 0 &&
        util->Parse("+" + s.substr(2), country, number) == PhoneNumberUtil::NO_PARSING_ERROR &&
        util->IsPossibleNumber(*number))
        return true;
    return util->Parse(s, country, number) == PhoneNumberUtil::NO_PARSING_ERROR;
}

extern "C" size_t phone_e164_slow(const char *s, size_t len, const char *country,
                                  char out[PHONE_E164_MAX])
{
    PhoneNumber number;
    std::string text;

    if (!parse(std::string(s, len), country, &number))
        return 0;
    PhoneNumberUtil::GetInstance()->Format(number, PhoneNumberUtil::E164, &text);
    if (text.size() >= PHONE_E164_MAX)
        return 0;
    text.copy(out, text.size());
    out[text.size()] = '\0';
    return text.size();
}
