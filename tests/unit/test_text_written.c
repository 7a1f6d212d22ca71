/* test_text_written.c - dates, times of day and numbers as people write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/when.h"
#include "text/written.h"

static const struct written china = {"CN", "zh-CN", 2026}, taiwan = {"TW", "zh-TW", 2026}, vietnam = {"VN", "vi", 2026},
                            america = {"US", "en", 2026}, britain = {"GB", "en", 2026}, vietnamese_in_china = {"CN", "vi", 2026},
                            nobody = {"", "", 2026};

/* "2026-03-05", "2026-03-05 15:05:00", or the key of what is wrong. */
static const char *read_day(const struct written *how, const char *text)
{
    static char out[64];
    struct written_day day;
    const char *wrong = written_date(how, text, strlen(text), &day);

    if (wrong != NULL)
        return wrong;
    when_date_format(day.days, out);
    if (day.second >= 0)
        snprintf(out + strlen(out), sizeof(out) - strlen(out), " %02d:%02d:%02d", day.second / 3600, day.second / 60 % 60, day.second % 60);
    return out;
}

static const char *read_number(const struct written *how, enum written_kind kind, const char *text)
{
    static char out[WRITTEN_NUMBER_MAX];
    const char *wrong = written_number(how, kind, text, strlen(text), out);

    return wrong != NULL ? wrong : out;
}

static void all_are(const struct written *how, const char *want, const char *const *texts)
{
    for (; *texts != NULL; texts++) {
        const char *got = read_day(how, *texts);

        if (strcmp(got, want) != 0)
            fail_msg("%s/%s: '%s' is %s, not %s", how->country, how->language, *texts, got, want);
    }
}

#define ALL(how, want, ...) all_are(how, want, (const char *const[]){__VA_ARGS__, NULL})
#define THE_FIFTH "2026-03-05"

static void a_year_first_is_read_everywhere(void **state)
{
    const struct written *who[] = {&china, &taiwan, &vietnam, &america, &britain, &nobody};

    (void)state;
    for (size_t i = 0; i < sizeof(who) / sizeof(who[0]); i++)
        ALL(who[i], THE_FIFTH, "2026-03-05", "2026/3/5", "2026.3.5", "2026. 3. 5", "2026 03 05", "20260305", "2026年3月5日",
            "2026年03月05号", "2026 年 3 月 5 日", "２０２６／０３／０５", "２０２６年３月５日", "2026-Mar-05", "2026 March 5",
            "2026年3月5日 星期四", "2026/3/5（四）",
            "\xe2\x80\x8e"
            "2026/3/5");
}

static void a_month_of_a_name_needs_no_order(void **state)
{
    const struct written *who[] = {&china, &taiwan, &vietnam, &america, &britain, &nobody};

    (void)state;
    for (size_t i = 0; i < sizeof(who) / sizeof(who[0]); i++)
        ALL(who[i], THE_FIFTH, "05-Mar-2026", "5 March 2026", "5-MAR-2026", "5/Mar/2026", "5. Mar. 2026", "Mar 5, 2026", "March 5 2026",
            "mar. 5, 2026", "5th of March, 2026", "March 5th, 2026", "5Mar2026", "Thursday, March 5, 2026", "Thu, 5 Mar 2026",
            "ngày 5 tháng 3 năm 2026", "Ngày 05 tháng 03 năm 2026", "ngay 5 thang 3 nam 2026", "5 tháng 3, 2026", "5 thg 3, 2026",
            "05 Tháng Ba 2026", "Thứ Năm, ngày 5 tháng 3 năm 2026", "Thứ Năm, 05 Tháng Ba, 2026", "5-3月-2026", "3月5日 2026");
    ALL(&britain, "2026-09-01", "1-Sep-2026", "1 Sept 2026", "September 1, 2026");
    ALL(&vietnam, "2026-05-09", "ngày 9 tháng Năm năm 2026", "9 Tháng Năm 2026", "9 May 2026");
    ALL(&vietnam, "2026-12-09", "9 Tháng Mười Hai 2026", "9 tháng chạp năm 2026", "9 tháng 12 năm 2026");
}

static void a_year_of_two_digits_is_near_where_it_can_only_be_the_year(void **state)
{
    (void)state;
    ALL(&china, THE_FIFTH, "5-Mar-26", "05-Mar-26", "Mar 5, 26", "26年3月5日");
    ALL(&china, "2046-03-05", "5-Mar-46", "46年3月5日"); /* twenty years ahead */
    ALL(&china, "1947-03-05", "5-Mar-47");
    ALL(&china, "1985-03-05", "5-Mar-85", "85年3月5日");
    ALL(&china, "err.date_year", "26/3/5", "26-03-05", "5/3/26", "5-3月-26", "3月5日 26");
    ALL(&vietnam, "err.date_year", "05/03/26", "31/12/26");
    ALL(&america, "err.date_year", "3/5/26");
    ALL(&taiwan, "err.date_year", "75年3月5日", "99/03/05"); /* 1986, 2010 of the Republic? */
    ALL(&britain, "err.date", "5-Mar-6", "5-Mar-206", "206/03/05");
}

static void a_year_of_three_digits_is_one_of_the_republic(void **state)
{
    const struct written *who[] = {&china, &taiwan, &vietnam, &america, &nobody};

    (void)state;
    for (size_t i = 0; i < sizeof(who) / sizeof(who[0]); i++)
        ALL(who[i], THE_FIFTH, "115/03/05", "115.3.5", "115-03-05", "115年3月5日", "民國115年3月5日", "民国115年3月5日",
            "中華民國115年3月5日", "民國 115 年 03 月 05 日", "民國115/3/5", "１１５／３／５", "民國１１５年３月５日", "115/3/5(四)",
            "115.3.5 (週四)");
    ALL(&taiwan, "2010-03-05", "民國99年3月5日", "民國99/3/5");
    ALL(&taiwan, "2024-02-29", "民國113年2月29日", "1130229");
    ALL(&taiwan, THE_FIFTH, "1150305");
    ALL(&china, "err.date", "1150305", "民国2026年3月5日", "5/3/115");
    ALL(&taiwan, "err.date_none", "115/02/29");
}

static void the_country_says_whether_day_or_month_comes_first(void **state)
{
    (void)state;
    ALL(&vietnam, THE_FIFTH, "5/3/2026", "05-03-2026", "05.03.2026");
    ALL(&britain, THE_FIFTH, "5/3/2026");
    ALL(&nobody, THE_FIFTH, "5/3/2026");
    ALL(&america, THE_FIFTH, "3/5/2026", "03-05-2026");
    ALL(&vietnamese_in_china, THE_FIFTH, "5/3/2026"); /* who reads it tells where the country does not */
    ALL(&china, THE_FIFTH, "ngày 05/03/2026");
}

static void a_country_of_years_first_does_not_say_and_both_days_are_named(void **state)
{
    struct written_day day;

    (void)state;
    ALL(&china, "err.date_order", "5/3/2026", "03-05-2026");
    ALL(&taiwan, "err.date_order", "5/3/2026");
    assert_string_equal(written_date(&china, "5/3/2026", 8, &day), "err.date_order");
    assert_int_equal(day.days, when_days(2026, 3, 5));
    assert_int_equal(day.or_days, when_days(2026, 5, 3));
    ALL(&china, "2026-11-22", "22/11/2026", "11/22/2026"); /* can only be one */
    ALL(&china, "2026-03-03", "3/3/2026");                 /* is one */
}

static void a_date_of_the_other_order_is_refused_for_the_others_of_its_column(void **state)
{
    struct written_day day;

    (void)state;
    ALL(&vietnam, "err.date_swap", "03/22/2026");
    ALL(&america, "err.date_swap", "22/03/2026");
    assert_string_equal(written_date(&america, "22/03/2026", 10, &day), "err.date_swap");
    assert_int_equal(day.days, when_days(2026, 3, 22));
}

static void what_lacks_a_part_or_is_no_day_says_so(void **state)
{
    struct written_day day;

    (void)state;
    ALL(&china, "err.date_part", "2026年3月", "Mar-26", "March 2026", "3月5日", "5 March", "2026/3", "tháng 3 năm 2026");
    ALL(&china, "err.date_none", "2026-02-29", "2026年2月30日", "31-Apr-2026", "29/2/2026");
    ALL(&vietnam, "err.date_none", "31/04/2026");
    ALL(&china, "err.date_weekday", "2026年3月5日 星期五", "Friday, March 5, 2026");
    ALL(&china, "err.date_serial", "46086");
    assert_string_equal(written_date(&china, "46086", 5, &day), "err.date_serial");
    assert_int_equal(day.days, when_days(2026, 3, 5));
    ALL(&china, "err.date", "soon", "", "2026-13-05", "31/31/2026", "2026/3/5/7", "2026/3//5", "-2026/3/5", "2026/3/5-", "year 2026 3 5",
        "1, 2, 2026", "2026-03-05 call 3 times", "2026-03-05 and 2026-04-05", "123456789", "March March 2026", "Q1 2026", "marsh 5 2026",
        "maybe 5, 2026", "2026年年3月5日", "月3 5 2026", "5 tháng tháng 2026");
}

static void a_time_of_day_may_stand_before_or_behind(void **state)
{
    (void)state;
    ALL(&vietnam, THE_FIFTH " 15:05:00", "2026-03-05 15:05", "2026-03-05T15:05", "05/03/2026 15:05", "05/03/2026, 15:05",
        "15:05 05/03/2026", "15:05, 5 thg 3, 2026", "2026/3/5 3:05 PM", "2026/3/5 3:05 p.m.", "2026/3/5 3:05pm", "05/03/2026 3:05 CH",
        "05/03/2026 3:05 chiều", "05/03/2026 15h05", "15h05 ngày 05/03/2026", "15 giờ 05 phút ngày 5 tháng 3 năm 2026",
        "lúc 15:05 ngày 5 tháng 3 năm 2026", "2026/3/5 下午 3:05", "2026年3月5日下午3点05分", "2026年3月5日 15时05分", "2026年3月5日 15:05",
        "２０２６／３／５　１５：０５", "115/3/5 下午 03:05", "March 5, 2026 at 3:05\xe2\x80\xafPM", "5-Mar-26 15:05", "2026/3/5 15:05 PM");
    ALL(&america, THE_FIFTH " 15:05:09", "3/5/2026, 3:05:09 PM", "2026-03-05 15:05:09.250", "2026年3月5日15时05分09秒");
    ALL(&china, THE_FIFTH " 15:00:00", "2026/3/5 下午3点", "2026/3/5 3 PM", "2026/3/5 15h", "15h 2026/3/5", "2026/3/5 15点");
    ALL(&china, THE_FIFTH " 00:30:00", "2026/3/5 12:30 AM", "2026/3/5 凌晨12:30", "2026/3/5 0:30");
    ALL(&china, THE_FIFTH " 12:30:00", "2026/3/5 12:30 PM", "2026/3/5 中午12:30");
    ALL(&china, THE_FIFTH " 11:30:00", "2026/3/5 中午11:30", "2026/3/5 上午11:30");
    ALL(&china, THE_FIFTH " 13:30:00", "2026/3/5 中午1:30", "2026/3/5 下午1:30");
    ALL(&vietnam, THE_FIFTH " 19:30:00", "2026/3/5 晚上7:30", "2026/3/5 7:30 tối", "2026/3/5 19:30 tối");
}

static void a_clock_that_shows_no_such_time_is_refused(void **state)
{
    (void)state;
    ALL(&china, "err.date", "2026-03-05 25:00", "2026-03-05 24:00", "2026-03-05 8:61", "2026-03-05 8:30:61",
        "2026-03-05 8:", "2026-03-05 8 Uhr:", "2026-03-05 15:05 AM", "2026-03-05 8:30 AM PM", "2026-03-05 8:30:05:09", "2026-03-05 30分",
        "8:30", "2026-03-05 008:30");
    ALL(&china, "err.date", "2026-03-05 晚上12:30", "2026-03-05 12:30 tối", "2026-03-05 晚上0:30"); /* of which day? */
}

/* ---- numbers ---------------------------------------------------------------------------------------------- */
static void numbers_are(const struct written *how, enum written_kind kind, const char *want, const char *const *texts)
{
    for (; *texts != NULL; texts++) {
        const char *got = read_number(how, kind, *texts);

        if (strcmp(got, want) != 0)
            fail_msg("%s: '%s' is %s, not %s", how->country, *texts, got, want);
    }
}

#define NUMBERS(how, kind, want, ...) numbers_are(how, kind, want, (const char *const[]){__VA_ARGS__, NULL})

static void numbers_have_either_mark_and_any_width(void **state)
{
    (void)state;
    NUMBERS(&china, WRITTEN_AMOUNT, "1234.50", "1,234.50", "1.234,50", "1 234,50", "1'234.50", "１，２３４．５０", "1\xc2\xa0"
                                                                                                           "234.50",
            "1\xe2\x80\xaf"
            "234,50");
    NUMBERS(&vietnam, WRITTEN_WHOLE, "123", "123", "１２３", " 123", "123 ");
    NUMBERS(&china, WRITTEN_REAL, "-1234.5", "-1,234.5", "(1,234.5)", "- 1234,5", "（1234.5）");
    NUMBERS(&vietnam, WRITTEN_AMOUNT, "1250", "1.250", "1,250", "1250");
    NUMBERS(&china, WRITTEN_AMOUNT, "1.250", "1.250");
    NUMBERS(&vietnam, WRITTEN_REAL, "1.250", "1.250");
    NUMBERS(&china, WRITTEN_REAL, "2e3", "2e3", "2E3");
}

static void a_power_of_ten_may_stand_behind(void **state)
{
    (void)state;
    NUMBERS(&china, WRITTEN_WHOLE, "15000", "1.5万", "1.5萬", "1,5 万", "１．５萬", "15k", "15千", "15 nghìn", "15 ngàn", "15 thousand");
    NUMBERS(&china, WRITTEN_AMOUNT, "123456.7", "12.34567万");
    NUMBERS(&china, WRITTEN_AMOUNT, "300000000", "3亿", "3億", "30000万");
    NUMBERS(&vietnam, WRITTEN_AMOUNT, "30000000", "3千万", "30 triệu", "30tr", "30 million", "0,03 tỷ", "0,03 tỉ");
}

static void a_power_of_ten_behind_less_than_one_moves_the_point_alone(void **state)
{
    (void)state;
    NUMBERS(&china, WRITTEN_AMOUNT, "5000", "0.5万", ".5万", "00.5万");
    NUMBERS(&china, WRITTEN_AMOUNT, "-5000", "-0.5万", "(0.5万)");
    NUMBERS(&china, WRITTEN_REAL, "0.05", "0.000005万", "0.00005千");
    NUMBERS(&china, WRITTEN_REAL, "-0.00000000005", "-0.000000000000005万");
    NUMBERS(&china, WRITTEN_WHOLE, "0", "0万", "0.0000万");
}

static void what_is_no_single_number_says_why(void **state)
{
    (void)state;
    NUMBERS(&china, WRITTEN_REAL, "err.number_alone", "12 CBM", "12cbm", "12柜", "60 ngày", "50%", "USD 300", "约12", "~12", "12 m", "1.5w",
            "3e", "e3");
    NUMBERS(&china, WRITTEN_WHOLE, "err.number_one", "3 x 40HQ", "3x40HQ", "2*20GP+1*40HQ", "10-20", "10~20", "10 20", "½", "1½", "1 23",
            "1e5.5");
    NUMBERS(&china, WRITTEN_WHOLE, "err.number", "", "many", "-", "1,2,3", "1,234,5", "1,234.5.6", "万", "+", ".");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_year_first_is_read_everywhere),
        cmocka_unit_test(a_month_of_a_name_needs_no_order),
        cmocka_unit_test(a_year_of_two_digits_is_near_where_it_can_only_be_the_year),
        cmocka_unit_test(a_year_of_three_digits_is_one_of_the_republic),
        cmocka_unit_test(the_country_says_whether_day_or_month_comes_first),
        cmocka_unit_test(a_country_of_years_first_does_not_say_and_both_days_are_named),
        cmocka_unit_test(a_date_of_the_other_order_is_refused_for_the_others_of_its_column),
        cmocka_unit_test(what_lacks_a_part_or_is_no_day_says_so),
        cmocka_unit_test(a_time_of_day_may_stand_before_or_behind),
        cmocka_unit_test(a_clock_that_shows_no_such_time_is_refused),
        cmocka_unit_test(numbers_have_either_mark_and_any_width),
        cmocka_unit_test(a_power_of_ten_may_stand_behind),
        cmocka_unit_test(a_power_of_ten_behind_less_than_one_moves_the_point_alone),
        cmocka_unit_test(what_is_no_single_number_says_why),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
