# Which policy is worth its risk?
#
# Large marks: a policy's mean over all points; small ones: its cells. At the right end: one run in ten
# is never through, of a policy at some point. The line joins those that no other policy beats in both
# length and risk. Called with the directory of settings.gp (policies, policy_names, risk_name,
# plot_title) and data.txt, a CSV: kind (policy, cell or front),index,p90,risk,policy.

dir = ARG1
load dir.'/settings.gp'
plot_name = 'risk'
width = 1000
height = 540
load dir.'/terminal.gp'
set datafile separator ','
stats dir.'/data.txt' every ::1 using (valid(3) ? $3 : 0) nooutput name 'length'
stats dir.'/data.txt' every ::1 using (valid(3) ? 0 : 1) nooutput name 'never'
stats dir.'/data.txt' every ::1 using (strcol(1) eq 'front' ? 1 : 0) nooutput name 'front'
x_never = length_max > 0 ? 1.12 * length_max : 1
set title plot_title offset 0,0.6
if (never_max > 0) {
    set label 'never' at x_never, graph 1.03 center textcolor rgb '#8c2f1f'
    set arrow from x_never, graph 0 to x_never, graph 1 nohead dashtype (2,4) linecolor rgb '#8c2f1f'
}
set xlabel 'minutes within which nine in ten runs are through; never: at some point they are not' textcolor rgb '#333333'
set ylabel 'percent of the runs: '.risk_name textcolor rgb '#333333'
set xrange [0:1.06 * x_never]
set yrange [0:*]
set grid linetype 1 linewidth 0.5 linecolor rgb '#d0d0d0'
set border 3 linecolor rgb '#808080'
set tics nomirror
set key right outside
set offsets 0, 0, graph 0.08, 0
array colours[9] = [0x1f4e8c, 0xb5452f, 0x2e7d4f, 0x8a6d1d, 0x6d4a8f, 0x444444, 0x1c8a99, 0xc2569b, 0x7a9a01]

plot dir.'/data.txt' every ::1 \
         using (strcol(1) eq 'front' ? (valid(3) ? $3 : x_never) : NaN):($4 * 100) with lines \
         linewidth 2 dashtype (6,4) linecolor rgb '#808080' \
         title (front_sum > 1 ? 'nobody is better in both' : ''), \
     for [p = 0:policies - 1] '' every ::1 \
         using (strcol(1) eq 'cell' && $2 == p ? (valid(3) ? $3 : x_never) : NaN):($4 * 100) \
         with points pointtype 4 + p % 5 * 2 pointsize 0.5 linecolor rgb colours[p % 9 + 1] title '', \
     for [p = 0:policies - 1] '' every ::1 \
         using (strcol(1) eq 'policy' && $2 == p ? (valid(3) ? $3 : x_never) : NaN):($4 * 100) \
         with points pointtype 5 + p % 5 * 2 pointsize 1.5 linecolor rgb colours[p % 9 + 1] \
         title policy_names[p + 1], \
     keyentry with points pointtype 4 pointsize 0.5 linecolor rgb '#444444' title 'small: one point'
